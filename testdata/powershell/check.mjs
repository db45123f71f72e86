// Checks the syntax of PowerShell files with a grammar, and refuses what Windows
// PowerShell 5.1 does not have. It runs nothing and knows no strict mode.
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

// What the grammar takes and Windows PowerShell 5.1 does not: by the type of the node, and its text in lower case. What
// else is new in 6 and 7, such as ??, ?. and the ternary operator, the grammar refuses by itself.
const newer = {
  '&&': () => true,
  '||': () => true,
  variable: (text) => /^\$(iswindows|islinux|ismacos|iscoreclr|psstyle)$/.test(text),
  command_parameter: (text) => /^-(parallel|ashashtable|asbytestream|leafbase|noenumerate|skipcertificatecheck|asutc)$/.test(text),
  command_name: (text) => /^(get-error|test-json|remove-alias|join-string|get-uptime|convertfrom-markdown)$/.test(text),
  expandable_string_literal: (text) => /(^|[^`])(``)*`(u\{|e)/.test(text),
  invokation_expression: (text) => /^\[(system\.)?io\.(path\]::(getrelativepath|join|ispathfullyqualified)|file\]::move\([^,]*,[^,]*,)/.test(text),
};

function* tooNew(node) {
  if (newer[node.type]?.(node.text.toLowerCase())) {
    yield { at: node.startPosition, what: `Windows PowerShell 5.1 does not have ${JSON.stringify(node.text.slice(0, 60))}` };
  }
  for (const child of node.children) yield* tooNew(child);
}

async function check(parser, file) {
  const source = (await readFile(file, 'utf8')).replace(/^\ufeff/, '');
  const tree = parser.parse(source);
  let found = 0;
  for (const { at, what } of [...problems(tree.rootNode), ...tooNew(tree.rootNode)]) {
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
