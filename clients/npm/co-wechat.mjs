import wechat from 'co-wechat';
import { answerTo, client, official, pushKey, pushToken } from './client.mjs';

const { pushes } = client('co-wechat');
const middleware = wechat({ token: pushToken, appid: official.id, encodingAESKey: pushKey })
  .middleware(async (message) => answerTo(message.Content));

// The context is koa's, as far as the middleware looks at it.
await pushes(official, ['XML'], ['safe', 'compat', 'plain'], async (req, res) => {
  const ctx = { req, request: {}, method: req.method, query: Object.fromEntries(new URL(req.url, 'http://x').searchParams), status: 200 };
  await middleware(ctx);
  res.writeHead(ctx.status).end(ctx.body);
});
