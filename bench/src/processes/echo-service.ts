import { Client, type ClientDuplexStream, credentials, type MethodDefinition, type ServiceError } from '@grpc/grpc-js';
import { ExchangeRequest, ParkRequest } from '@parkade/proto';
import { CHANNEL_OPTIONS } from '@parkade/rpc';

interface Codec<Message> {
  encode(message: Message): { finish(): Uint8Array };
  decode(bytes: Uint8Array): Message;
}

/** A method whose answer is its request, with the serializers ts-proto generates. */
function echo<Message>(path: string, codec: Codec<Message>, stream: boolean): MethodDefinition<Message, Message> {
  const serialize = (message: Message): Buffer => Buffer.from(codec.encode(message).finish());
  const deserialize = (bytes: Buffer): Message => codec.decode(bytes);
  return {
    path,
    requestStream: stream,
    responseStream: stream,
    requestSerialize: serialize,
    requestDeserialize: deserialize,
    responseSerialize: serialize,
    responseDeserialize: deserialize,
  };
}

/** What is measured against: the same message on bare grpc-js, one by one and batched on a stream. */
export const ECHO = {
  echo: echo('/bench.Echo/Echo', ParkRequest, false),
  batches: echo('/bench.Echo/Batches', ExchangeRequest, true),
};

/** The same message forwarded, and put into the store by itself: what one would write first. */
export const NAIVE = { put: echo('/bench.Naive/Put', ParkRequest, false) };

type Callback<Message> = (error: ServiceError | null, answer?: Message) => void;

/** A client of the methods above. */
export class EchoClient {
  readonly #client: Client;

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure(), { ...CHANNEL_OPTIONS });
  }

  unary(method: MethodDefinition<ParkRequest, ParkRequest>, request: ParkRequest, done: Callback<ParkRequest>): void {
    this.#client.makeUnaryRequest(method.path, method.requestSerialize, method.responseDeserialize, request, done);
  }

  batches(): ClientDuplexStream<ExchangeRequest, ExchangeRequest> {
    const { path, requestSerialize, responseDeserialize } = ECHO.batches;
    return this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  }

  close(): void {
    this.#client.close();
  }
}
