// The code blocks of a page.

/**
 * Blocks with their language and their first line. A block that adds resources to the template before it (it begins
 * with `Resources:`, and the other with parameters) is read together with that template.
 */
export function blocksOf(page) {
  const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(({ 1: language, 2: text, index }) => ({
    language,
    text: withoutIndent(text),
    line: page.slice(0, index).split('\n').length,
  }));
  return blocks.map((block, at) => {
    if (!block.text.startsWith('Resources:')) return block;
    const template = blocks.slice(0, at).findLast(({ text }) => text.startsWith('Parameters:'));
    return template ? { ...block, text: template.text + block.text.replace(/^Resources:\n/, '') } : block;
  });
}

/** A part of a file is shown with its indent. */
function withoutIndent(text) {
  const indent = /^ */.exec(text)[0];
  return indent === '' ? text : text.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
}
