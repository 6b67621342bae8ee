import { parseAllDocuments } from 'yaml';
import { load } from './tool.mjs';

/** The class of a kind, which knows its schema: `apps/v1` `Deployment`. Undefined if neither package has the kind. */
async function modelOf({ apiVersion, kind }) {
  const name = apiVersion.startsWith('keda.sh/') ? '@kubernetes-models/keda' : 'kubernetes-models';
  try {
    return (await load(`${name}/${apiVersion}/${kind}`))[kind];
  } catch (error) {
    if (/^ERR_(MODULE_NOT_FOUND|PACKAGE_PATH_NOT_EXPORTED)$/.test(error.code)) return undefined;
    throw error;
  }
}

async function problemsOf(document) {
  if (document.errors.length > 0) return document.errors.map(({ message }) => message);
  const manifest = document.toJS();
  const Model = await modelOf(manifest);
  if (!Model) return [`${manifest.apiVersion} has no ${manifest.kind}`];
  try {
    new Model(manifest).validate();
    return [];
  } catch (error) {
    return [`${manifest.kind}: ${error.message}`];
  }
}

/** What Kubernetes or KEDA would refuse in the documents of a file. */
export async function validateKubernetes(text) {
  return (await Promise.all(parseAllDocuments(text).map(problemsOf))).flat();
}
