import type { AwsError } from '../core/errors.js';
import type { Output } from '../core/operation.js';

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
  '\n': '&#10;',
  '\t': '&#9;',
};
const escape = (text: string): string => text.replace(/[&<>"\r\n\t]/g, character => ESCAPES[character] ?? character);

const SNS_NAMESPACE = 'http://sns.amazonaws.com/doc/2010-03-31/';
export const STS_NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';

function content(name: string, value: unknown): string {
  if (Array.isArray(value)) return value.map(item => `<member>${content('', item)}</member>`).join('');
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    // The only map that SNS answers with; every other object is a structure.
    if (name === 'Attributes') {
      return entries
        .map(([key, text]) => `<entry><key>${escape(key)}</key><value>${escape(String(text))}</value></entry>`)
        .join('');
    }
    return entries.map(([key, inner]) => element(key, inner)).join('');
  }
  return escape(String(value));
}

export const element = (name: string, value: unknown): string =>
  value === undefined ? '' : `<${name}>${content(name, value)}</${name}>`;

export const metadata = (requestId: string): string =>
  `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;

export function xmlResult(action: string, output: Output, requestId: string, namespace = SNS_NAMESPACE): string {
  const result = `<${action}Result>${content('', output)}</${action}Result>`;
  return `<?xml version="1.0"?>\n<${action}Response xmlns="${namespace}">${result}${metadata(requestId)}</${action}Response>`;
}

export function xmlError(error: AwsError, requestId: string): string {
  const type = error.senderFault ? 'Sender' : 'Receiver';
  const detail = element('Type', type) + element('Code', error.code) + element('Message', error.message);
  return `<?xml version="1.0"?>\n<ErrorResponse xmlns="${SNS_NAMESPACE}"><Error>${detail}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
}
