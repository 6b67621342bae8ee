import type { TopologyDocument } from '../topology-document.js';
import { placed, type Place } from './arn-texts.js';
import type { ExportOptions } from './export-options.js';
import { withWishes } from './resources.js';
import { policyDocument, rolesOf } from './roles.js';

/** The policy of each role, by the role's name, with an account put in. */
export const iamPoliciesOf = (
  document: TopologyDocument,
  options: ExportOptions,
  place: Place,
): Record<string, object> =>
  Object.fromEntries(
    rolesOf(document, withWishes(document, options)).map(role => [
      role.name,
      policyDocument(role, text => placed(text, place)),
    ]),
  );
