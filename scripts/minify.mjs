// Puts a minified copy of each script into static/min/: static/min/js/chat.js of static/js/chat.js,
// with a map that shows whoever opens the browser's tools the script as it was written.
//
// A copy bears the time of the file it was made of; one that does not is stale, and not sent. All
// are made anew when this script or what minifies has changed.
import * as fs from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { minify } from "terser";

const FOLDER = fileURLToPath(new URL("../static/", import.meta.url));
const COPIES = `${FOLDER}min/`;
// What is published minified stays as it is, and only modules may have their inner names shortened.
const SCRIPT = /^(?:js|vendor)\/(?!swagger-ui\/).*(?<!\.min)\.js$/;
const MODULE = /^(?:import|export)\b/m;
const LICENCE = /copyright|licen[cs]e/i;
const MADE_BY = `${COPIES}.made-by`;

const ways = [
  createRequire(import.meta.url)("terser/package.json").version,
  fs.readFileSync(new URL(import.meta.url), "utf8"),
].join("\n");
if (!fs.existsSync(MADE_BY) || fs.readFileSync(MADE_BY, "utf8") !== ways) {
  fs.rmSync(COPIES, { recursive: true, force: true });
  fs.mkdirSync(COPIES);
  fs.writeFileSync(MADE_BY, ways);
}

const paths = fs.readdirSync(FOLDER, { recursive: true }).filter((path) => SCRIPT.test(path));
await Promise.all(paths.map(copy));
fs.readdirSync(COPIES, { recursive: true }).forEach(removeOrphan);

async function copy(path) {
  const { mtimeMs } = fs.statSync(FOLDER + path);
  const target = COPIES + path;
  const made = fs.statSync(target, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (Math.abs(made - mtimeMs) < 1) return;
  const source = fs.readFileSync(FOLDER + path, "utf8");
  const { code, map } = await minify(
    { [relative(dirname(target), FOLDER + path)]: source },
    {
      ecma: 2022,
      module: MODULE.test(source),
      compress: { passes: 2 },
      format: { comments: LICENCE },
      sourceMap: { filename: basename(path), url: `${basename(path)}.map`, includeSources: true },
    },
  );
  fs.mkdirSync(dirname(target), { recursive: true });
  put(`${target}.map`, map, mtimeMs);
  put(target, code, mtimeMs);
}

/** Whoever reads the file meanwhile has all of the old one or all of the new one. */
function put(target, text, mtimeMs) {
  fs.writeFileSync(`${target}.new`, text);
  fs.utimesSync(`${target}.new`, mtimeMs / 1000, mtimeMs / 1000);
  fs.renameSync(`${target}.new`, target);
}

function removeOrphan(path) {
  const script = path.replace(/\.map$/, "");
  if (script.endsWith(".js") && !paths.includes(script)) fs.rmSync(COPIES + path);
}
