// Judges documents by a JSON schema (draft 2020-12).
//
//     node check.mjs SCHEMA < DOCUMENTS
//
// DOCUMENTS has one JSON document a line. One line for each: "ok", or why it is refused.
// Exit status: 0 all were judged, 2 the schema or a document cannot be read.
import { readFile } from 'node:fs/promises';
import Ajv2020 from 'ajv/dist/2020.js';

try {
  const schema = JSON.parse(await readFile(process.argv[2], 'utf8'));
  // Types may be unions here, and minLength may stand beside another type: both are the draft's own.
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true, strictTypes: false, strictRequired: false }).compile(schema);
  const lines = (await readFile('/dev/stdin', 'utf8')).split('\n').filter((line) => line !== '');
  const verdicts = lines.map((line) => {
    if (validate(JSON.parse(line))) return 'ok';
    const e = validate.errors[0];
    return `${e.instancePath || '/'} ${e.message}`;
  });
  console.log(verdicts.join('\n'));
} catch (error) {
  console.error(`check.mjs: ${error.message}`);
  process.exitCode = 2;
}
