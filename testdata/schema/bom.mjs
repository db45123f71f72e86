// Judges a bill of materials by CycloneDX's own schema.
//
//     node bom.mjs FILE
//
// Exit status: 0 it is valid, 1 it is not, 2 it cannot be read.
import { readFile } from 'node:fs/promises';
import { Validation } from '@cyclonedx/cyclonedx-library';

try {
  const text = await readFile(process.argv[2], 'utf8');
  const fault = await new Validation.JsonStrictValidator(JSON.parse(text).specVersion).validate(text);
  if (fault !== null) {
    console.error(JSON.stringify(fault, null, 2));
    process.exitCode = 1;
  }
} catch (error) {
  console.error(`bom.mjs: ${error.message}`);
  process.exitCode = 2;
}
