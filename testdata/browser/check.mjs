// Opens a page in Chromium, as a person would, and says what is wrong with it: node check.mjs PAGE ROWS [FOLDER]
// ROWS is how many rows the table of files must have, -1 for no table; into FOLDER go pictures of it.
// It prints one line for each fault, and "ok" at the end. The last line of the table is searched for.
import { createRequire } from "node:module";
import { readFile, stat } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [file, wanted, pictures] = process.argv.slice(2);
const rows = Number(wanted);
const url = pathToFileURL(file).href;
const faults = [];
const must = (fine, text) => fine || faults.push(text);
const browser = await chromium.launch({
  executablePath: process.env.USMTPKG_CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

// open opens the page; whatever it asks for or says is a fault.
async function open(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.on("request", (r) => must(r.url() === url, `asks for ${r.url()}`));
  page.on("console", (m) => must(false, `says on the console: ${m.text()}`));
  page.on("pageerror", (e) => must(false, `fails: ${e}`));
  page.on("dialog", (d) => (must(false, `opens a dialog: ${d.message()}`), d.dismiss()));
  const began = performance.now();
  await page.goto(url, { timeout: 120000 });
  if (options.javaScriptEnabled !== false) await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  return { context, page, took: performance.now() - began };
}

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// look opens the page in a way, and looks at it.
async function look(name, options) {
  const { context, page } = await open(options);
  must(!(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)), `${name}: wider than the window`);
  if (rows <= 1000) {
    await page.evaluate(axe); // through the debugger, which no policy of the page concerns
    const { violations } = await page.evaluate(() => axe.run());
    for (const v of violations) must(false, `${name}: axe ${v.id}: ${v.nodes[0].html.slice(0, 200)} ${v.nodes[0].failureSummary}`);
  }
  if (pictures) await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: name !== "head" && rows <= 1000 });
  await context.close();
}

const shown = (page) => page.evaluate(() => [...document.querySelectorAll("#table tbody tr")].filter((r) => !r.hidden).length);
const firsts = (page, column) => page.evaluate((c) => [...document.querySelectorAll("#table tbody tr")].map((r) => r.cells[c].textContent.trim()), column);

// table searches and sorts as a person at the keyboard does.
async function table() {
  const { context, page, took } = await open({});
  process.stdout.write(`opened in ${Math.round(took)} ms\n`);
  must((await shown(page)) === rows, `has ${await shown(page)} rows, wanted ${rows}`);
  const last = (await firsts(page, 0)).at(-1);
  await page.getByLabel("Search the files").fill(last.toUpperCase());
  await page.waitForFunction(() => document.querySelector("[role=status]").textContent !== "");
  const status = await page.locator("[role=status]").textContent();
  must((await shown(page)) === 1 && status === `1 of ${rows} files`, `a search for ${last} shows ${await shown(page)} rows and says "${status}"`);
  await page.getByLabel("Search the files").fill("");
  await page.waitForFunction(() => document.querySelector("[role=status]").textContent === "");
  for (const [column, name] of [[1, "Bytes"], [0, "File"]]) {
    for (const way of ["ascending", "descending"]) {
      const button = page.getByRole("button", { name, exact: true });
      await button.focus();
      await page.keyboard.press("Enter");
      must((await page.locator(`th[aria-sort=${way}]`).count()) === 1, `${name}: not said to be ${way}`);
      const got = (await firsts(page, column)).map((s) => (column ? Number(s.replaceAll(",", "")) : s));
      const order = new Intl.Collator("en", { numeric: true });
      const compare = column ? (a, b) => a - b : order.compare;
      const right = got.every((v, i) => !i || (way === "ascending" ? compare(got[i - 1], v) <= 0 : compare(got[i - 1], v) >= 0));
      must(right, `${name}: not ${way}`);
    }
  }
  await page.getByLabel("Search the files").fill("no such file");
  await page.waitForFunction(() => document.querySelector("[role=status]").textContent !== "");
  if (rows <= 1000) await print(page);
  await context.close();
}

// print makes a PDF of the page as it is, here with every row hidden by the search: it has them all.
async function print(page) {
  await page.emulateMedia({ media: "print" });
  const hidden = await page.evaluate(() => [...document.querySelectorAll("#table tbody tr")].filter((r) => r.getClientRects().length === 0).length);
  must(hidden === 0, `${hidden} rows are not printed`);
  const pdf = await page.pdf({ path: pictures ? `${pictures}/page.pdf` : undefined });
  must(pdf.subarray(0, 5).toString() === "%PDF-", "is no PDF");
}

// plain reads the page without script: everything is there, and nothing that would do nothing.
async function plain() {
  const { context, page } = await open({ javaScriptEnabled: false });
  must((await page.locator("#table tbody tr").count()) === Math.max(rows, 0), "lacks rows without script");
  must((await page.locator("button, input").count()) === 0, "has dead controls without script");
  await context.close();
}

if (rows >= 0) await table();
if (rows <= 1000) {
  await look("light", { colorScheme: "light", viewport: { width: 1200, height: 900 } });
  await look("dark", { colorScheme: "dark", viewport: { width: 1200, height: 900 } });
  await look("narrow", { colorScheme: "light", viewport: { width: 320, height: 700 } });
  if (pictures) await look("head", { colorScheme: "light", viewport: { width: 1200, height: 820 } });
  await plain();
}
must((await stat(file)).size < 15 << 20, "is larger than 15 MiB");
await browser.close();
process.stdout.write([...faults, faults.length ? "" : "ok"].filter(Boolean).join("\n") + "\n");
