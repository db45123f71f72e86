// Checks SARIF documents against the JSON schema of SARIF 2.1.0, in the copy that
// Microsoft's SARIF SDK for JavaScript carries.
//
//     node check.mjs FILE...
//
// One line for every problem, FILE: where: what. Exit status: 0 all files are right,
// 1 at least one is not, 2 a file or the schema cannot be read.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import Ajv from 'ajv';

const require = createRequire(import.meta.url);

try {
  const files = process.argv.slice(2);
  if (files.length === 0) throw new Error('no file given');
  // "full": URIs and the like are checked in all their parts.
  const ajv = new Ajv({ schemaId: 'auto', allErrors: true, format: 'full', meta: false });
  ajv.addMetaSchema(require('ajv/lib/refs/json-schema-draft-04.json'));
  const validate = ajv.compile(require('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json'));
  let wrong = 0;
  for (const file of files) {
    if (validate(JSON.parse(await readFile(file, 'utf8')))) continue;
    for (const e of validate.errors) console.log(`${file}: ${e.dataPath || '.'}: ${e.message}`);
    wrong += 1;
  }
  process.exitCode = wrong === 0 ? 0 : 1;
} catch (error) {
  console.error(`check.mjs: ${error.message}`);
  process.exitCode = 2;
}
