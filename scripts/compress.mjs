// Puts compressed copies beside the static files: chat.js.br and chat.js.gz beside chat.js. The
// server sends the one that the browser takes, and nginx does the same with `gzip_static on`.
//
// A copy bears the time of the file it was made of; one that does not is stale, and not sent.
import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const FOLDER = new URL("../static/", import.meta.url);
const TEXT = /\.(?:js|css|svg)$/;
const COPY = /\.(?:br|gz)$/;
// Below this the copy saves nothing worth a second file.
const SMALLEST = 200;
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
const WAYS = {
  ".br": (bytes) => brotliCompressSync(bytes, BROTLI),
  ".gz": (bytes) => gzipSync(bytes, { level: 9 }),
};

const paths = readdirSync(FOLDER, { recursive: true });
for (const path of paths.filter((each) => TEXT.test(each))) compress(new URL(path, FOLDER));
for (const path of paths.filter((each) => COPY.test(each))) {
  if (!paths.includes(path.replace(COPY, ""))) rmSync(new URL(path, FOLDER));
}

function compress(file) {
  const { mtimeMs, size } = statSync(file);
  if (size < SMALLEST) return;
  for (const [suffix, way] of Object.entries(WAYS)) {
    const copy = new URL(file.href + suffix);
    const made = statSync(copy, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (Math.abs(made - mtimeMs) < 1) continue;
    writeFileSync(copy, way(readFileSync(file)));
    utimesSync(copy, mtimeMs / 1000, mtimeMs / 1000);
  }
}
