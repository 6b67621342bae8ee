import { InvalidArgumentError, type Command } from 'commander';
import { openAws } from '../aws.js';
import type { CliCommand } from '../command.js';
import { accountSymptoms } from '../doctor/account-symptoms.js';
import { roleSymptoms } from '../doctor/role-symptoms.js';
import { SYMPTOM_RULES, symptomsOf, type Symptom, type SymptomRule } from '../doctor/symptoms.js';
import { EXIT } from '../exit-codes.js';
import type { Output } from '../output.js';
import { documentOf, withAws, withDocument, type AwsOptions, type DocumentOptions } from '../shared-options.js';

interface DoctorOptions extends DocumentOptions, AwsOptions {
  offline?: boolean;
  production?: boolean;
  role?: string;
  ignore: SymptomRule[];
}

function rule(text: string, before: SymptomRule[]): SymptomRule[] {
  const known = SYMPTOM_RULES.find(each => each === text);
  if (!known) throw new InvalidArgumentError(`It is one of ${SYMPTOM_RULES.join(', ')}.`);
  return [...before, known];
}

const configure = (command: Command): Command =>
  withAws(withDocument(command))
    .option('--role <arn>', 'the role that the app runs as, for IAM to simulate; by default these credentials')
    .option('--offline', 'looks at the app only, and does not call AWS')
    .option('--production', 'looks as if NODE_ENV were production: several processes run')
    .option('--ignore <rule>', 'a rule whose findings are accepted; may be repeated', rule, []);

function textOf(symptoms: readonly Symptom[], output: Output): string {
  if (symptoms.length === 0) return output.paint('green', 'Nothing was found.');
  const one = ({ rule: name, service, resource, text, remedy }: Symptom): string =>
    [`${output.paint('yellow', name)}  ${service}: ${resource}`, `  ${text}`, `  Remedy: ${remedy}`].join('\n');
  return `${symptoms.map(one).join('\n\n')}\n\n${symptoms.length} ${symptoms.length === 1 ? 'finding' : 'findings'}`;
}

/** `doctor`: each rule is explained in docs/doctor.md. */
export const doctor: CliCommand<DoctorOptions> = {
  path: 'doctor',
  summary: 'says what an expert would change in the app and its account, with remedies; changes nothing',
  configure,
  async run({ options, io, output }) {
    const document = await documentOf(options, io);
    const isProduction = options.production === true || io.env['NODE_ENV'] === 'production';
    const found = symptomsOf(document, { isProduction });
    if (!options.offline) {
      const aws = openAws(options, output);
      try {
        found.push(...(await accountSymptoms(document, aws.planes, aws.listQueues)));
        const region = (): Promise<string> => aws.sqs.config.region();
        const note = (text: string): void => output.note(text);
        found.push(...(await roleSymptoms(document, { calls: aws.calls, region, role: options.role, note })));
      } finally {
        aws.destroy();
      }
    }
    const symptoms = found.filter(each => !options.ignore.includes(each.rule));
    output.result(symptoms, () => textOf(symptoms, output));
    return symptoms.length === 0 ? EXIT.ok : EXIT.findings;
  },
};
