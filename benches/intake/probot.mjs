// A Probot app that only verifies and logs: what a durable receiver is compared with. Its own
// acknowledgement promises nothing: a delivery that it answered is lost if the process dies.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { createNodeMiddleware, createProbot } from "probot";

const probot = createProbot({
  overrides: {
    appId: 1,
    privateKey: readFileSync(process.env.KEY_FILE, "utf8"),
    secret: process.env.WEBHOOK_SECRET,
    logLevel: "info",
  },
});
const app = (robot) => {
  robot.on("pull_request", async (context) => {
    context.log.info({ delivery: context.id, number: context.payload.number }, "delivery");
  });
};
const middleware = await createNodeMiddleware(app, { probot, webhooksPath: "/" });
createServer(middleware).listen(Number(process.env.PORT), "127.0.0.1");
