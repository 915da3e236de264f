// Reads the lines that run writes, prints the medians as a table and as ratios.
import { readFileSync } from "node:fs";

const runs = readFileSync(process.argv[2], "utf8").split("\n").filter(Boolean).map(JSON.parse);
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const rows = new Map();
for (const run of runs) {
  if (run.other > 0) console.error(`${run.server}: ${run.other} deliveries were not accepted`);
  const key = `${run.connections} ${run.server}`;
  rows.set(key, [...(rows.get(key) ?? []), run]);
}
const of = (connections, server, field) => median(rows.get(`${connections} ${server}`).map((run) => run[field]));
const line = (...cells) => console.log(`| ${cells.join(" | ")} |`);
line("Connections", "Server", "accepted/s", "p50 ms", "p99 ms", "CPU µs per delivery");
line("---:", "---", "---:", "---:", "---:", "---:");
const connections = [...new Set(runs.map((run) => run.connections))];
const servers = [...new Set(runs.map((run) => run.server))];
for (const count of connections)
  for (const server of servers)
    line(count, server, Math.round(of(count, server, "rate")), of(count, server, "p50_ms").toFixed(1),
      of(count, server, "p99_ms").toFixed(1), Math.round(of(count, server, "cpu_us")));
console.log();
line("Connections", "Deliveries", "rate / probot", "p99 / probot", "CPU / probot", "rate / bare");
line("---:", "---", "---:", "---:", "---:", "---:");
for (const count of connections)
  for (const server of servers.filter((name) => name.startsWith("bot"))) {
    const ratio = (field, other) => (of(count, server, field) / of(count, other, field)).toFixed(2);
    line(count, server, ratio("rate", "probot"), ratio("p99_ms", "probot"), ratio("cpu_us", "probot"), ratio("rate", "bare"));
  }
