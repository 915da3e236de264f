// Validates SARIF logs against the schema of the standard: node sarif.mjs SCHEMA LOG...
import { readFileSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const [schemaPath, ...logs] = process.argv.slice(2);
const schema = JSON.parse(readFileSync(schemaPath, "utf8").replace(/^\uFEFF/, ""));
if (!/sarif/i.test(schema.title ?? "") || !schema.definitions?.result) throw new Error("not the schema of SARIF");
const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
addFormats(ajv);
const validate = ajv.compile(schema);
let failed = logs.length === 0;
let results = 0;
for (const path of logs) {
  const log = JSON.parse(readFileSync(path, "utf8"));
  results += log.runs.reduce((sum, run) => sum + run.results.length, 0);
  if (validate(log)) continue;
  failed = true;
  for (const error of validate.errors.slice(0, 20)) console.error(`${path}: ${error.instancePath} ${error.message}`);
}
console.log(`${logs.length} SARIF logs with ${results} results ${failed ? "do not all fit" : "fit"} the schema of SARIF 2.1.0`);
process.exit(failed ? 1 : 0);
