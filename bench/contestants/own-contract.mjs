import { z } from 'zod';
import { defineContract } from '../../dist/libs/nestjs-sns-sqs/esm/index.js';
import { PATTERN, SERVICE } from '../lib/message.mjs';
import { over } from './own.mjs';

const tick = z.object({ n: z.number(), producer: z.number(), at: z.number(), text: z.string() });

/** Each payload is checked before it is published. */
export const withContract = over({}, { contract: defineContract(SERVICE, { commands: { [PATTERN]: tick } }) });
