/**
 * The contracts in proto/, loaded once, as gRPC service definitions whose messages on our side are Kubernetes JSON:
 * Time is RFC 3339, bytes are base64, Quantity is a string, ExtraValue is an array. The wire keeps upstream's protobuf
 * form.
 * @source wire form of the special types: k8s.io/apimachinery pkg/apis/meta/v1 time_proto.go and micro_time_proto.go
 */
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { fromJSON, type Options } from '@grpc/proto-loader';
import protobuf from 'protobufjs';
import { rfc3339 } from '../clock.ts';
import { causeText, KubejoinError } from '../errors.ts';
import { limits } from '../limits.ts';
import { projectPath } from '../paths.ts';

type Json = Record<string, unknown>;
interface Converter {
	readonly toWire: (json: unknown) => unknown;
	/** Undefined drops the field: an empty Time is null in Kubernetes JSON. */
	readonly fromWire: (wire: unknown) => unknown;
}

interface WireTime {
	readonly seconds?: number;
	readonly nanos?: number;
}
const parseTime = (json: unknown): WireTime => {
	const ms = Date.parse(String(json));
	if (Number.isNaN(ms)) throw new TypeError(`not an RFC 3339 time: ${JSON.stringify(json)}`);
	return { seconds: Math.floor(ms / 1000), nanos: 0 };
};
/** Upstream keeps microseconds, and a Date only milliseconds. */
const parseMicroTime = (json: unknown): WireTime => {
	const micros = /\.(\d{1,6})/.exec(String(json))?.[1] ?? '';
	return { ...parseTime(json), nanos: Number(micros.padEnd(6, '0')) * 1000 };
};
/** The years 1 to 9999, which RFC 3339 can write. */
const MIN_SECONDS = -62_135_596_800;
const MAX_SECONDS = 253_402_300_799;
/** A time that RFC 3339 cannot write becomes a text that is no time, so that it is refused where times are read. */
const timeFromWire = (format: (seconds: number, micros: number) => string) => (wire: unknown) => {
	const { seconds, nanos } = wire as WireTime;
	if (seconds === undefined && nanos === undefined) return undefined;
	const [s, n] = [seconds ?? 0, nanos ?? 0];
	if (!(s >= MIN_SECONDS && s <= MAX_SECONDS && n >= 0 && n <= 999_999_999)) return `${s} seconds, ${n} nanoseconds`;
	return format(s, Math.floor(n / 1000));
};
const time: Converter = { toWire: parseTime, fromWire: timeFromWire((seconds) => rfc3339(seconds * 1000)) };
const microTime: Converter = {
	toWire: parseMicroTime,
	fromWire: timeFromWire((seconds, micros) =>
		rfc3339(seconds * 1000).replace('Z', `.${String(micros).padStart(6, '0')}Z`),
	),
};
const list: Converter = {
	toWire: (json) => ({ items: json }),
	fromWire: (wire) => (wire as { items?: string[] }).items ?? [],
};

const specialTypes: Readonly<Record<string, Converter>> = {
	'.k8s.io.apimachinery.pkg.apis.meta.v1.Time': time,
	'.k8s.io.apimachinery.pkg.apis.meta.v1.MicroTime': microTime,
	'.k8s.io.apimachinery.pkg.api.resource.Quantity': {
		toWire: (json) => ({ string: json }),
		fromWire: (wire) => (wire as { string?: string }).string ?? '',
	},
	'.k8s.io.api.certificates.v1.ExtraValue': list,
	'.k8s.io.api.authentication.v1.ExtraValue': list,
	'.k8s.io.api.authorization.v1.ExtraValue': list,
};

/** The converters of the fields of a message that hold a special type somewhere below; undefined when none does. */
type Plan = ReadonlyMap<string, Converter>;

function planFor(type: protobuf.Type, known: Map<protobuf.Type, Plan>): Plan {
	const found = known.get(type);
	if (found !== undefined) return found;
	const plan = new Map<string, Converter>();
	known.set(type, plan);
	for (const field of type.fieldsArray) {
		field.resolve();
		if (!(field.resolvedType instanceof protobuf.Type)) continue;
		const below = planFor(field.resolvedType, known);
		const one: Converter | undefined =
			specialTypes[field.resolvedType.fullName] ??
			(below.size === 0
				? undefined
				: { toWire: (json) => convert(json, below, 'toWire'), fromWire: (wire) => convert(wire, below, 'fromWire') });
		if (one !== undefined) plan.set(field.name, field.map ? eachValue(one) : field.repeated ? eachItem(one) : one);
	}
	return plan;
}

const eachItem = ({ toWire, fromWire }: Converter): Converter => ({
	toWire: (json) => (json as unknown[]).map(toWire),
	fromWire: (wire) => (wire as unknown[]).map(fromWire),
});
const eachValue = ({ toWire, fromWire }: Converter): Converter => {
	const mapped = (values: unknown, f: (value: unknown) => unknown) =>
		Object.fromEntries(Object.entries(values as Json).map(([key, value]) => [key, f(value)]));
	return { toWire: (json) => mapped(json, toWire), fromWire: (wire) => mapped(wire, fromWire) };
};

function convert(message: unknown, plan: Plan, direction: keyof Converter): unknown {
	if (plan.size === 0) return message;
	const result = { ...(message as Json) };
	for (const [field, converter] of plan) {
		if (result[field] === undefined || result[field] === null) continue;
		const converted = converter[direction](result[field]);
		if (converted === undefined) delete result[field];
		else result[field] = converted;
	}
	return result;
}

/** Bytes are base64 and int64 are numbers, as in Kubernetes JSON; unset fields are absent. */
const loaderOptions: Options & protobuf.IConversionOptions = {
	longs: Number,
	bytes: String,
	enums: String,
	defaults: false,
};

const contractFiles = ['kubejoin/ca-service.proto', 'kubejoin/token-store.proto', 'kubejoin/apiserver-sim.proto'];

const root = new protobuf.Root();

function load(): ReadonlyMap<string, ServiceDefinition> {
	root.resolvePath = (_origin, target) => projectPath('proto', target);
	root.loadSync(contractFiles);
	root.resolveAll();
	const plans = new Map<protobuf.Type, Plan>();
	const definitions = new Map<string, ServiceDefinition>();
	for (const [name, loaded] of Object.entries(fromJSON(root.toJSON(), loaderOptions))) {
		if ('format' in loaded) continue;
		const service = root.lookupService(name);
		definitions.set(
			name,
			Object.fromEntries(
				Object.entries(loaded).map(([method, definition]) => [method, inJson(definition, service, plans)]),
			),
		);
	}
	return definitions;
}

function inJson(
	definition: MethodDefinition<object, object>,
	service: protobuf.Service,
	plans: Map<protobuf.Type, Plan>,
): MethodDefinition<object, object> {
	const method = service.methods[definition.path.slice(definition.path.lastIndexOf('/') + 1)];
	if (!(method?.resolvedRequestType && method.resolvedResponseType))
		throw new TypeError(`${definition.path} names a type that is not declared`);
	const requestType = method.resolvedRequestType;
	const request = planFor(requestType, plans);
	const response = planFor(method.resolvedResponseType, plans);
	return {
		...definition,
		requestSerialize: (value) => definition.requestSerialize(convert(value, request, 'toWire') as object),
		requestDeserialize: (bytes) => convert(decode(requestType, bytes), request, 'fromWire') as object,
		responseSerialize: (value) => definition.responseSerialize(convert(value, response, 'toWire') as object),
		responseDeserialize: (bytes) => convert(definition.responseDeserialize(bytes), response, 'fromWire') as object,
	};
}

/** Stops a message of many small fields, whose objects take a hundred times as much time and memory as its bytes. */
class BoundedReader extends protobuf.BufferReader {
	#left = limits.messageFields.value;
	override uint32(): number {
		if (--this.#left < 0) throw new KubejoinError('MESSAGE_TOO_COMPLEX', { limit: limits.messageFields.value });
		return super.uint32();
	}
}

/** @throws MESSAGE_TOO_COMPLEX, MESSAGE_UNREADABLE */
function decode(type: protobuf.Type, bytes: Buffer): object {
	try {
		return type.toObject(type.decode(new BoundedReader(bytes)), loaderOptions);
	} catch (error) {
		if (error instanceof KubejoinError) throw error;
		throw new KubejoinError('MESSAGE_UNREADABLE', { problem: causeText(error) }, { cause: error });
	}
}

const definitions = load();

/** The definition of a service of proto/kubejoin, by its short name: `Nodes`, `TokenStore`, `CertificateAuthority`. */
export function contractOf(service: string): ServiceDefinition {
	const definition = definitions.get(`kubejoin.v1.${service}`);
	if (definition === undefined) throw new TypeError(`proto/kubejoin declares no service ${service}`);
	return definition;
}

/** The type of the object that a service of proto/kubejoin creates. */
export function objectTypeOf(service: string): protobuf.Type {
	const type = root.lookupService(`kubejoin.v1.${service}`).methods.Create?.resolvedRequestType;
	if (!type) throw new TypeError(`${service} creates nothing`);
	return type;
}
