// SIPp scenarios of a phone.
//   S1. A phone does in a dialog what the test tells it: a SIP message of ours with the dialog's Call-ID and one of the
//       methods below, which no switch ever sends.
//   S2. Everything a phone is told is a line of its log, `<call id> <word> <rest>`, and nothing else is.

/** What a phone can be told to do with one of its calls. */
export type Order = 'ANSWER' | 'REJECT' | 'HANGUP' | 'TRANSFER' | 'HOLD';

/** Whose phone it is. */
export interface Account {
  readonly user: string;
  readonly password: string;
  readonly domain: string;
}

interface Ids {
  readonly from: string;
  readonly to: string;
}

export interface ScenarioFacts extends Account {
  /** Where its audio goes to. */
  readonly audioHost: string;
  readonly audioPort: number;
}

const VIA = 'Via: SIP/2.0/UDP [local_ip]:[local_port];branch=';
const NEW_VIA = `${VIA}[branch]`;
/** How a request of somebody else is answered. */
const ITS_HEADERS = '[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]';
/** A switch tells a phone whom it talks with where it knows that the phone can show it. */
const KIND = 'User-Agent: Yealink SIP-T46U\nAllow: INVITE, ACK, BYE, CANCEL, UPDATE, NOTIFY, REFER';
const NO_BODY = 'Content-Length: 0';

/** Registers a phone that listens on `port`, and ends. */
export function registerScenario({ user, password, domain }: Account, port: number): string {
  const register = (cseq: number, auth: string): string =>
    send(`REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
${NEW_VIA}
From: <sip:${user}@${domain}>;tag=[pid]r
To: <sip:${user}@${domain}>
Call-ID: [call_id]
CSeq: ${cseq} REGISTER
Contact: <sip:${user}@[local_ip]:${port}>
${auth}Max-Forwards: 70
Expires: 1200
${NO_BODY}`);
  const authentication = `[authentication username=${user} password=${password}]\n`;
  return scenario([
    register(1, ''),
    '<recv response="100" optional="true"/>',
    '<recv response="401" auth="true"/>',
    register(2, authentication),
    '<recv response="100" optional="true"/>',
    '<recv response="200"/>',
  ]);
}

/** One call to `target`. */
export function callScenario(facts: ScenarioFacts, target: string): string {
  const { user, password, domain } = facts;
  const uri = `sip:${target.replace('#', '%23')}@${domain}`;
  const invite = (branch: string, auth: string): string =>
    send(`INVITE ${uri} SIP/2.0
${VIA}${branch}
From: "Phone ${user}" <sip:${user}@${domain}>;tag=[pid]c
To: <${uri}>
Call-ID: [call_id]
CSeq: [cseq] INVITE
Contact: <sip:${user}@[local_ip]:[local_port]>
Max-Forwards: 70
${KIND}
${auth}Content-Type: application/sdp
Content-Length: [len]

${sdp(facts, 'sendrecv')}`);
  const ack = (branch: string, next = ''): string =>
    send(
      `ACK ${uri} SIP/2.0
${VIA}${branch}
From: "Phone ${user}" <sip:${user}@${domain}>;tag=[pid]c
To: <${uri}>[peer_tag_param]
Call-ID: [call_id]
CSeq: [cseq] ACK
Max-Forwards: 70
${NO_BODY}`,
      { again: false, next },
    );
  const ids = { from: `"Phone ${user}" <sip:${user}@${domain}>;tag=[pid]c`, to: `<${uri}>[peer_tag_param]` };
  const first = 'z9hG4bK-[pid]-first';
  const second = 'z9hG4bK-[pid]-second';
  const refused = ['403', '404', '408', '410', '480', '486', '487', '488', '500', '502', '503', '603'];
  return scenario([
    invite(first, ''),
    label('trying'),
    '<recv response="100" optional="true" next="trying"/>',
    // Whoever is not asked for a password is refused.
    ...refused.map(
      (code) => `<recv response="${code}" optional="true" next="turned-away">${log(`refused ${code}`)}</recv>`,
    ),
    '<recv response="407" auth="true"/>',
    ack(first),
    invite(second, `[authentication username=${user} password=${password}]\n`),
    label('ringing'),
    '<recv response="100" optional="true" next="ringing"/>',
    `<recv response="180" optional="true" next="ringing">${log('ringing')}</recv>`,
    `<recv response="183" optional="true" next="ringing">${log('ringing')}</recv>`,
    ...refused.map(
      (code) => `<recv response="${code}" optional="true" next="refused">${log(`refused ${code}`)}</recv>`,
    ),
    `<recv response="200" rrs="true">${audioOf('answered')}</recv>`,
    ...inDialog('ACK', ids, { again: false, next: 'talk' }),
    label('refused'),
    ack(second, 'over'),
    label('turned-away'),
    ack(first, 'over'),
    ...talking(facts, ids),
  ]);
}

/** Takes calls until it is ended; what it does with each is told it. */
export function answeringScenario(facts: ScenarioFacts): string {
  const { user } = facts;
  const answerTo = (code: string, rest: string): string =>
    `SIP/2.0 ${code}
Via:[$via]
From:[$from]
To:[$to];tag=[pid]a[call_number]
Call-ID: [call_id]
CSeq:[$cseq]
Contact: <sip:${user}@[local_ip]:[local_port]>
${KIND}
${rest}`;
  const ids = { from: '[$to];tag=[pid]a[call_number]', to: '[$from]' };
  return scenario([
    // What a switch tells phones that did not ask: waiting messages, parked calls.
    `<recv request="NOTIFY" optional="true" next="told"><action>
<ereg regexp="[^ ].*" search_in="hdr" header="Event:" assign_to="event"/>
<ereg regexp="[^\r\n]*" search_in="body" assign_to="first"/>
<log message="[call_id] notify [$event] [$first]"/></action></recv>`,
    `<recv request="INVITE" rrs="true"><action>
${header('Via', 'via')}${header('From', 'from')}${header('To', 'to')}${header('CSeq', 'cseq')}
<ereg regexp=".*" search_in="hdr" header="Alert-Info:" assign_to="alert"/>
${AUDIO}</action></recv>`,
    send(answerTo('180 Ringing', NO_BODY), { again: false }),
    `<nop>${log('incoming [$from] alert=[$alert]')}</nop>`,
    `<recv request="CANCEL" optional="true" next="cancelled">${log('over cancelled')}</recv>`,
    '<recv request="REJECT" optional="true" next="busy"/>',
    '<recv request="ANSWER"/>',
    send(answerTo('200 OK', `Content-Type: application/sdp\nContent-Length: [len]\n\n${sdp(facts, 'sendrecv')}`)),
    `<recv request="ACK" next="talk">${log('answered [$host]:[$port]')}</recv>`,
    label('told'),
    send(`SIP/2.0 200 OK\n${ITS_HEADERS}\n${NO_BODY}`, { again: false, next: 'over' }),
    label('busy'),
    send(answerTo('486 Busy Here', NO_BODY)),
    `<recv request="ACK" next="over">${log('over busy')}</recv>`,
    label('cancelled'),
    send(`SIP/2.0 200 OK\n${ITS_HEADERS}\n${NO_BODY}`, { again: false }),
    send(answerTo('487 Request Terminated', NO_BODY)),
    '<recv request="ACK" next="over"/>',
    ...talking(facts, ids),
  ]);
}

/** What both kinds of phone do in a conversation. */
function talking(facts: ScenarioFacts, ids: Ids): readonly string[] {
  const { user, domain } = facts;
  const ok = `SIP/2.0 200 OK\n${ITS_HEADERS}\nContact: <sip:${user}@[local_ip]:[local_port]>`;
  return [
    // SIPp takes a response only for a request that stands before it.
    label('notified'),
    send(`${ok}\n${NO_BODY}`, { again: false, next: 'talk' }),
    label('asked'),
    send(`${ok}\nContent-Type: application/sdp\nContent-Length: [len]\n\n${sdp(facts, 'sendrecv')}`, {
      again: false,
      next: 'talk',
    }),
    label('hold'),
    ...inDialog('INVITE', ids, {
      body: `Contact: <sip:${user}@[local_ip]:[local_port]>\nContent-Type: application/sdp\nContent-Length: [len]\n\n${sdp(facts, 'sendonly')}`,
    }),
    '<recv response="100" optional="true"/>',
    `<recv response="200">${log('holds')}</recv>`,
    ...inDialog('ACK', ids, { again: false, next: 'talk' }),
    label('transfer'),
    ...inDialog('REFER', ids, {
      body: `Contact: <sip:${user}@[local_ip]:[local_port]>\nRefer-To: [$target]\nReferred-By: <sip:${user}@${domain}>\n${NO_BODY}`,
      next: 'talk',
    }),
    label('hang-up'),
    ...inDialog('BYE', ids),
    label('hanging-up'),
    '<recv request="BYE" optional="true" next="hanging-up"/>',
    '<recv request="NOTIFY" optional="true" next="hanging-up"/>',
    '<recv request="HANGUP" optional="true" next="hanging-up"/>',
    `<recv response="481" optional="true" next="over">${log('over hung-up')}</recv>`,
    `<recv response="200" next="over">${log('over hung-up')}</recv>`,
    label('bye'),
    send(`SIP/2.0 200 OK\n${ITS_HEADERS}\n${NO_BODY}`, { again: false }),
    label('talk'),
    `<recv request="BYE" optional="true" next="bye">${log('over bye')}</recv>`,
    '<recv request="ACK" optional="true" next="talk"/>',
    `<recv request="NOTIFY" optional="true" next="notified"><action>
<ereg regexp="SIP/2.0 ([0-9]+)" search_in="body" assign_to="fragment,progress"/>
<log message="[call_id] progress [$progress]"/></action></recv>`,
    `<recv request="INVITE" optional="true" next="asked">${audioOf('audio')}</recv>`,
    `<recv request="UPDATE" optional="true" next="asked"><action>
<ereg regexp=".*" search_in="hdr" header="P-Asserted-Identity:" assign_to="party"/>
<log message="[call_id] shows [$party]"/></action></recv>`,
    '<recv request="INFO" optional="true" next="notified"/>',
    `<recv response="202" optional="true" next="talk">${log('transferring')}</recv>`,
    ...['403', '404', '481', '500', '503', '603'].map(
      (code) => `<recv response="${code}" optional="true" next="talk">${log(`not-transferred ${code}`)}</recv>`,
    ),
    '<recv request="HANGUP" optional="true" next="hang-up"/>',
    '<recv request="HOLD" optional="true" next="hold"/>',
    `<recv request="TRANSFER" next="transfer"><action>
<ereg regexp="[^ ].*" search_in="hdr" header="X-Refer-To:" assign_to="target"/></action></recv>`,
    label('over'),
  ];
}

function inDialog(
  method: string,
  { from, to }: Ids,
  { body = NO_BODY, again = true, next = '' }: { body?: string; again?: boolean; next?: string } = {},
): readonly string[] {
  return [
    send(
      `${method} [next_url] SIP/2.0
${NEW_VIA}
From: ${from}
To: ${to}
Call-ID: [call_id]
CSeq: [cseq] ${method}
Max-Forwards: 70
${body}`,
      { again, next },
    ),
  ];
}

function sdp({ audioHost, audioPort }: ScenarioFacts, way: 'sendrecv' | 'sendonly'): string {
  return `v=0
o=phone 53655765 2353687637 IN IP4 ${audioHost}
s=-
c=IN IP4 ${audioHost}
t=0 0
m=audio ${audioPort} RTP/AVP 0
a=rtpmap:0 PCMU/8000
a=ptime:20
a=${way}
`;
}

const AUDIO = `<ereg regexp="c=IN IP4 ([0-9.]+)" search_in="body" assign_to="line,host"/>
<ereg regexp="m=audio ([0-9]+)" search_in="body" assign_to="line,port"/>
`;

/** Logs where the audio of the other side goes. */
function audioOf(word: string): string {
  return `<action>
${AUDIO}<ereg regexp="tag=([^;]+)" search_in="hdr" header="To:" assign_to="line,totag"/>
<log message="[call_id] ${word} [$host]:[$port] tags=[pid]c,[$totag]"/></action>`;
}

function header(name: string, variable: string): string {
  return `<ereg regexp=".*" search_in="hdr" header="${name}:" assign_to="${variable}"/>\n`;
}

function log(text: string): string {
  return `<action><log message="[call_id] ${text}"/></action>`;
}

function label(id: string): string {
  return `<label id="${id}"/>`;
}

function send(message: string, { again = true, next = '' }: { again?: boolean; next?: string } = {}): string {
  const goOn = next === '' ? '' : ` next="${next}"`;
  return `<send${again ? ' retrans="500"' : ''}${goOn}><![CDATA[\n${message}\n]]></send>`;
}

function scenario(steps: readonly string[]): string {
  const text = steps.join('\n');
  const names = new Set([...text.matchAll(/assign_to="([^"]+)"/g)].flatMap(([, list = '']) => list.split(',')));
  const reference = names.size === 0 ? '' : `<Reference variables="${[...names].join(',')}"/>\n`;
  // Labels and the jumps to them are numbers in SIPp.
  const labels = [...text.matchAll(/<label id="([^"]+)"/g)].map(([, id = '']) => id);
  const numbered = labels.reduce(
    (now, id, i) => now.replaceAll(`id="${id}"`, `id="${i + 1}"`).replaceAll(`next="${id}"`, `next="${i + 1}"`),
    text,
  );
  return `<?xml version="1.0" encoding="ISO-8859-1" ?>\n<!DOCTYPE scenario SYSTEM "sipp.dtd">\n<scenario name="phone">\n${numbered}\n${reference}</scenario>\n`;
}
