import { load } from './tool.mjs';

/** What HashiCorp's parser cannot read. */
export async function parseTerraform(text) {
  const hcl = await load('@cdktf/hcl2json');
  try {
    const parsed = await hcl.parse('main.tf', text);
    return Object.keys(parsed).length > 0 ? [] : ['the file is empty'];
  } catch (error) {
    return [String(error.message ?? error)];
  }
}
