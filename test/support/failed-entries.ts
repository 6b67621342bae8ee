export type Entries = ReadonlyArray<{ Id?: string; Message?: string; MessageBody?: string }>;

const FAILURE = { Code: 'InternalError', Message: 'try again', SenderFault: false };
const MEMBER = /^PublishBatchRequestEntries\.member\.(\d+)\./;

/** A batch request, as JSON or as AWS Query, without these of its entries. */
export function withoutEntries(json: boolean, request: string, failing: Entries): string {
  if (failing.length === 0) return request;
  const ids = new Set(failing.map(({ Id }) => Id));
  if (json) {
    const input = JSON.parse(request) as { Entries: Entries };
    return JSON.stringify({ ...input, Entries: input.Entries.filter(({ Id }) => !ids.has(Id)) });
  }
  const parameters = [...new URLSearchParams(request)];
  const members = parameters.filter(([name]) => MEMBER.test(name) && name.endsWith('.Id'));
  // Numbered anew without a gap, as every SDK numbers them: some servers stop reading at one.
  const left = members.filter(([, id]) => !ids.has(id)).map(([name]) => MEMBER.exec(name)?.[1]);
  const kept = parameters.flatMap(([name, value]): Array<[string, string]> => {
    const [prefix, number] = MEMBER.exec(name) ?? [];
    if (prefix === undefined || number === undefined) return [[name, value]];
    const place = left.indexOf(number) + 1;
    return place === 0 ? [] : [[`PublishBatchRequestEntries.member.${place}.${name.slice(prefix.length)}`, value]];
  });
  return new URLSearchParams(kept).toString();
}

/** The endpoint's answer, in which these entries have failed. */
export function failedEntries(json: boolean, answer: string, failing: Entries): string {
  if (failing.length === 0) return answer;
  const failures = failing.map(({ Id }) => ({ Id, ...FAILURE }));
  if (json) return JSON.stringify({ ...(JSON.parse(answer) as object), Failed: failures });
  const members = failures.map(
    ({ Id, Code, Message, SenderFault }) =>
      `<member><Id>${Id}</Id><Code>${Code}</Code><Message>${Message}</Message><SenderFault>${SenderFault}</SenderFault></member>`,
  );
  const without = answer.replace(/<Failed\s*\/>|<Failed><\/Failed>/, '');
  return without.replace('</PublishBatchResult>', `<Failed>${members.join('')}</Failed></PublishBatchResult>`);
}
