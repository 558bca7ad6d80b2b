/** An element as read: its name, attributes, child elements and the text directly in it. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

const NAME = /[A-Za-z_][\w.-]*/y;
const FORBIDDEN = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * Reads an XML 1.0 document strictly, for tests: a prolog, elements, attributes and character data with predefined and
 * numeric references. What the product never writes (comments, CDATA, DTDs, processing instructions) counts as a fault.
 * Throws where the text is not well-formed.
 */
export function readXml(text: string): XmlElement {
  const prolog = '<?xml version="1.0" encoding="UTF-8"?>\n';
  if (!text.startsWith(prolog)) throw new Error('no prolog');
  if (FORBIDDEN.test(text)) throw new Error('a character that XML does not allow');
  const reader = new Reader(text, prolog.length);
  const root = reader.element();
  if (text.slice(reader.at).trim() !== '') throw new Error(`something after the root: ${text.slice(reader.at)}`);
  return root;
}

class Reader {
  constructor(
    readonly text: string,
    public at: number,
  ) {}

  element(): XmlElement {
    this.#expect('<');
    const name = this.#name();
    const attributes: Record<string, string> = {};
    while (this.text[this.at] === ' ') {
      this.at++;
      const key = this.#name();
      if (Object.hasOwn(attributes, key)) throw new Error(`attribute ${key} twice`);
      this.#expect('="');
      attributes[key] = dereference(this.#until('"'));
      this.#expect('"');
    }
    if (this.text.startsWith('/>', this.at)) {
      this.at += 2;
      return { name, attributes, children: [], text: '' };
    }
    this.#expect('>');
    const children: XmlElement[] = [];
    let content = dereference(this.#until('<'));
    while (!this.text.startsWith('</', this.at)) {
      children.push(this.element());
      content += dereference(this.#until('<'));
    }
    this.#expect(`</${name}>`);
    return { name, attributes, children, text: content.trim() };
  }

  #name(): string {
    NAME.lastIndex = this.at;
    const match = NAME.exec(this.text);
    if (match === null) throw new Error(`no name at ${this.text.slice(this.at, this.at + 20)}`);
    this.at = NAME.lastIndex;
    return match[0];
  }

  #until(end: string): string {
    const to = this.text.indexOf(end, this.at);
    if (to < 0) throw new Error(`no ${end} any more`);
    const part = this.text.slice(this.at, to);
    if (part.includes('<')) throw new Error('a bare <');
    this.at = to;
    return part;
  }

  #expect(token: string): void {
    if (!this.text.startsWith(token, this.at)) {
      throw new Error(`${token} expected at ${this.text.slice(this.at, this.at + 20)}`);
    }
    this.at += token.length;
  }
}

function dereference(text: string): string {
  return text.replace(/&([^;&]*)(;?)/g, (whole, name: string, end: string) => {
    const char = name.startsWith('#') ? String.fromCodePoint(Number(name.slice(1))) : NAMED[name];
    if (end === '' || char === undefined) throw new Error(`not a reference: ${whole}`);
    return char;
  });
}
