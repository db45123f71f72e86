// Checks the syntax of PowerShell files with a grammar; it runs nothing and knows
// no cmdlet, parameter or strict mode.
//
//     node --liftoff-only check.mjs FILE...
//
// One line for every problem, FILE:LINE:COLUMN: what. Exit status: 0 all files are
// right, 1 at least one is not, 2 a file or the grammar cannot be read.
//
// --liftoff-only keeps V8 from optimising the grammar's big table, which takes ten
// seconds and more and gains nothing here.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Language, Parser } from 'web-tree-sitter';

const grammar = fileURLToPath(import.meta.resolve('tree-sitter-powershell/tree-sitter-powershell.wasm'));

// problems yields the innermost faults below node: what was skipped, what is missing.
function* problems(node) {
  if (node.isMissing) {
    yield { at: node.startPosition, what: `${node.type} is missing` };
    return;
  }
  const inner = node.children.filter((child) => child.hasError || child.isError || child.isMissing);
  for (const child of inner) yield* problems(child);
  if (node.isError && inner.length === 0) {
    yield { at: node.startPosition, what: `unexpected ${JSON.stringify(node.text.slice(0, 60))}` };
  }
}

async function check(parser, file) {
  const source = (await readFile(file, 'utf8')).replace(/^\ufeff/, '');
  const tree = parser.parse(source);
  let found = 0;
  for (const { at, what } of problems(tree.rootNode)) {
    console.log(`${file}:${at.row + 1}:${at.column + 1}: ${what}`);
    found += 1;
  }
  // A fault without a place must not pass for none.
  if (tree.rootNode.hasError && found === 0) {
    console.log(`${file}:1:1: syntax error`);
    found = 1;
  }
  tree.delete();
  return found === 0;
}

try {
  const files = process.argv.slice(2);
  if (files.length === 0) throw new Error('no file given');
  await Parser.init();
  const parser = new Parser();
  parser.setLanguage(await Language.load(grammar));
  const results = [];
  for (const file of files) results.push(await check(parser, file));
  process.exitCode = results.every(Boolean) ? 0 : 1;
} catch (error) {
  console.error(`check.mjs: ${error.message}`);
  process.exitCode = 2;
}
