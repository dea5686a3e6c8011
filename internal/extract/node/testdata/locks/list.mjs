// Prints name@version of all packages that a tool's own list has: node list.mjs yarn|berry|pnpm|bun|deno FILE-OR-FOLDER...
import fs from "node:fs";
const [kind, at, ...more] = process.argv.slice(2);
const own = /^(root-app|folder)@|^ws@(0\.1\.0|0\.0\.0-use\.local|workspace:)/;
const alias = { "lodash-old": "lodash", "ws-protocol": "ws" };
const out = new Set();
const add = (name, version) => {
  const id = `${alias[name] ?? name}@${version.replace(/[(_].*/, "")}`;
  if (!own.test(id) && !version.startsWith("link:")) out.add(id);
};
const cut = (id) => [id.slice(0, id.indexOf("@", 1)), id.slice(id.indexOf("@", 1) + 1)];
const text = kind === "deno" ? "" : fs.readFileSync(at, "utf8");
const lines = text.split("\n").filter((l) => l !== "");
if (kind === "yarn") {
  const walk = (t) => { if (!t.shadow) { add(...cut(t.name)); (t.children ?? []).forEach(walk); } };
  for (const l of lines) { const m = JSON.parse(l); if (m.type === "tree") m.data.trees.forEach(walk); }
} else if (kind === "berry") {
  for (const l of lines) { const m = JSON.parse(l); add(cut(m.value)[0], m.children.Version); }
} else if (kind === "pnpm") {
  const walk = (p) => {
    for (const k of ["dependencies", "devDependencies", "optionalDependencies"]) {
      for (const d of Object.values(p[k] ?? {})) {
        if (d.from !== "packed" || !d.version.startsWith("file:")) add(d.from, d.version); else add("packed", "1.2.3");
        walk(d);
      }
    }
  };
  for (const f of [at, ...more]) [JSON.parse(fs.readFileSync(f, "utf8"))].flat().forEach(walk);
} else if (kind === "bun") {
  for (const l of lines.slice(1)) {
    const id = l.replace(/^[^@\w]*/u, "");
    if (id.startsWith("packed@")) add("packed", "1.2.3"); else add(...cut(id));
  }
} else if (kind === "deno") {
  for (const d of fs.readdirSync(at)) if (d.includes("@")) add(...cut(d.replaceAll("+", "/")));
}
console.log([...out].sort().join("\n"));
