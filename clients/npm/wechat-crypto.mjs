import WXBizMsgCrypt from 'wechat-crypto';
import { answerTo, assert, client, mini, pushKey, pushToken } from './client.mjs';

const { pushes } = client('wechat-crypto');
const cryptor = new WXBizMsgCrypt(pushToken, pushKey, mini.id);

// It opens and seals messages, no more: the envelopes are read and written here.
await pushes(mini, ['XML', 'JSON'], ['safe', 'compat'], async (req, res) => {
  const query = new URL(req.url, 'http://x').searchParams;
  const body = Buffer.concat(await req.toArray()).toString();
  const xml = body.startsWith('<');
  const field = (text, name) => (text.startsWith('<') ? text.match(`<${name}><!\\[CDATA\\[(.*?)\\]\\]>`)[1] : JSON.parse(text)[name]);
  const sealed = field(body, 'Encrypt');
  assert.equal(query.get('msg_signature'), cryptor.getSignature(query.get('timestamp'), query.get('nonce'), sealed));
  const { message, id } = cryptor.decrypt(sealed);
  assert.equal(id, mini.id);
  const text = answerTo(field(message, 'Content'));
  const encrypt = cryptor.encrypt(xml ? `<xml><Content><![CDATA[${text}]]></Content></xml>` : JSON.stringify({ Content: text }));
  const [timestamp, nonce] = [String(Math.floor(Date.now() / 1000)), '8675309'];
  const signature = cryptor.getSignature(timestamp, nonce, encrypt);
  res.end(xml
    ? `<xml><Encrypt><![CDATA[${encrypt}]]></Encrypt><MsgSignature><![CDATA[${signature}]]></MsgSignature><TimeStamp>${timestamp}</TimeStamp><Nonce><![CDATA[${nonce}]]></Nonce></xml>`
    : JSON.stringify({ Encrypt: encrypt, MsgSignature: signature, TimeStamp: Number(timestamp), Nonce: nonce }));
});
