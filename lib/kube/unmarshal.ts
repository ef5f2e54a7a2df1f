/**
 * Whether an object in its JSON form has the types of the contract. Checked before encoding, because the protobuf
 * encoder converts or cuts values that do not fit: 3000000000 becomes a negative int32, "600" a number, an unpaired
 * surrogate a question mark.
 * @source the texts are those of encoding/json, time.Parse, encoding/base64 and apimachinery/pkg/api/resource
 * @differs a field of a named Go type, types.UID for one, is reported with the type below it, string
 */
import protobuf from 'protobufjs';
import { decodeBase64 } from '../base64.ts';
import { objectTypeOf } from '../rpc/contracts.ts';
import type { ApiResource } from './resources.ts';

const MAX_QUOTED = 256;
const quoted = (text: string): string =>
	JSON.stringify(text.length <= MAX_QUOTED ? text : `${text.slice(0, MAX_QUOTED)}…`);

type Check = (value: unknown, path: Path) => string | undefined;
interface Path {
	/** Name of the message that holds the field. */
	readonly struct: string;
	/** From the object: `spec.expirationSeconds`. */
	readonly field: string;
}

/** The name of a JSON value in Go's messages. For a number, the message contains the value. */
function kindOf(value: unknown): string {
	if (Array.isArray(value)) return 'array';
	if (typeof value === 'boolean') return 'bool';
	return typeof value;
}
const mismatch = (what: string, { struct, field }: Path, goType: string): string =>
	`json: cannot unmarshal ${what} into Go struct field ${struct}.${field} of type ${goType}`;

const isObject = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);
const isAbsent = (value: unknown): boolean => value === undefined || value === null;

const integer =
	(goType: string, min: number, max: number): Check =>
	(value, path) => {
		if (typeof value !== 'number') return mismatch(kindOf(value), path, goType);
		const fits = Number.isInteger(value) && value >= min && value <= max;
		return fits ? undefined : mismatch(`number ${value}`, path, goType);
	};
const text: Check = (value, path) => {
	if (typeof value !== 'string') return mismatch(kindOf(value), path, 'string');
	return /\p{Cs}/u.test(value) ? `${path.field}: the text is not well-formed Unicode` : undefined;
};
const bool: Check = (value, path) => (typeof value === 'boolean' ? undefined : mismatch(kindOf(value), path, 'bool'));

/** Line breaks are passed over, as Go does. */
const bytes: Check = (value, path) => {
	if (typeof value !== 'string') return mismatch(kindOf(value), path, '[]uint8');
	const found = decodeBase64(value);
	return 'corruptAt' in found ? `illegal base64 data at input byte ${found.corruptAt}` : undefined;
};

const numeric: Readonly<Record<string, Check>> = {
	int32: integer('int32', -(2 ** 31), 2 ** 31 - 1),
	uint32: integer('uint32', 0, 2 ** 32 - 1),
	int64: integer('int64', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
	uint64: integer('uint64', 0, Number.MAX_SAFE_INTEGER),
};
const scalars: Readonly<Record<string, Check>> = { ...numeric, string: text, bool, bytes };

const timeForm = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|[+-](\d\d):(\d\d))$/;
/** The years 1 to 9999 in UTC, which the wire and RFC 3339 can both hold. */
const MIN_TIME_MS = Date.parse('0001-01-01T00:00:00Z');
const MAX_TIME_MS = Date.parse('9999-12-31T23:59:59.999Z');
const timeOf =
	(layout: string): Check =>
	(value) => {
		if (typeof value !== 'string') return `json: cannot unmarshal ${kindOf(value)} into Go value of type string`;
		const problem = timeProblem(value, layout);
		return problem === undefined ? undefined : `parsing time ${quoted(value)}${problem}`;
	};
function timeProblem(value: string, layout: string): string | undefined {
	const parts = timeForm.exec(value)?.slice(1, 7).map(Number);
	if (parts === undefined) return ` as "${layout}": cannot parse ${quoted(value)} as "2006"`;
	const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
	if (month < 1 || month > 12) return ': month out of range';
	if (day < 1 || day > new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()) return ': day out of range';
	if (hour > 23) return ': hour out of range';
	if (minute > 59) return ': minute out of range';
	if (second > 59) return ': second out of range';
	const ms = Date.parse(value);
	return ms >= MIN_TIME_MS && ms <= MAX_TIME_MS ? undefined : ': year out of range';
}

const quantityForm = /^[+-]?(\d+(\.\d*)?|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d{1,3})?$/;
const MAX_QUANTITY = 64;
const quantity: Check = (value) => {
	if (typeof value === 'number' && Number.isFinite(value)) return undefined;
	if (typeof value === 'string' && value.length <= MAX_QUANTITY && quantityForm.test(value)) return undefined;
	return "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
};
const texts: Check = (value, path) => {
	if (!Array.isArray(value)) return mismatch(kindOf(value), path, '[]string');
	return firstOf(value, (one) => text(one, path));
};

/** Messages that are not objects in JSON. */
const special: Readonly<Record<string, Check>> = {
	'.k8s.io.apimachinery.pkg.apis.meta.v1.Time': timeOf('2006-01-02T15:04:05Z07:00'),
	'.k8s.io.apimachinery.pkg.apis.meta.v1.MicroTime': timeOf('2006-01-02T15:04:05.000000Z07:00'),
	'.k8s.io.apimachinery.pkg.api.resource.Quantity': quantity,
	'.k8s.io.api.certificates.v1.ExtraValue': texts,
	'.k8s.io.api.authentication.v1.ExtraValue': texts,
	'.k8s.io.api.authorization.v1.ExtraValue': texts,
};

function firstOf<T>(values: Iterable<T>, check: (value: T) => string | undefined): string | undefined {
	for (const value of values) {
		const problem = check(value);
		if (problem !== undefined) return problem;
	}
	return undefined;
}

const goTypeOf = ({ resolvedType, type }: protobuf.Field): string =>
	resolvedType === null ? type : `v1.${resolvedType.name}`;

function checkOne(field: protobuf.Field, value: unknown, path: Path): string | undefined {
	const { resolvedType } = field;
	if (!(resolvedType instanceof protobuf.Type)) return (scalars[field.type] ?? text)(value, path);
	const check = special[resolvedType.fullName];
	if (check !== undefined) return check(value, path);
	return isObject(value)
		? checkMessage(resolvedType, value, `${path.field}.`)
		: mismatch(kindOf(value), path, goTypeOf(field));
}

function checkField(field: protobuf.Field, value: unknown, path: Path): string | undefined {
	if (field.map) {
		if (!isObject(value)) return mismatch(kindOf(value), path, `map[string]${goTypeOf(field)}`);
		return firstOf(Object.entries(value), ([key, one]) => text(key, path) ?? checkOne(field, one, path));
	}
	if (!field.repeated) return checkOne(field, value, path);
	if (!Array.isArray(value)) return mismatch(kindOf(value), path, `[]${goTypeOf(field)}`);
	return firstOf(value, (one) => checkOne(field, one, path));
}

function checkMessage(type: protobuf.Type, object: Record<string, unknown>, at: string): string | undefined {
	return firstOf(type.fieldsArray, (field) => {
		const value = Object.hasOwn(object, field.name) ? object[field.name] : undefined;
		if (isAbsent(value)) return undefined;
		return checkField(field.resolve(), value, { struct: type.name, field: `${at}${field.name}` });
	});
}

/**
 * Why an object cannot be read as one of its resource: the first field whose value has another type or does not fit its
 * type.
 *
 * @returns upstream's text; undefined when it can. Fields that the contract does not have are not looked at
 */
export function unmarshalProblem({ service }: ApiResource, object: object): string | undefined {
	return service === undefined ? undefined : checkMessage(objectTypeOf(service), object as Record<string, unknown>, '');
}

/** @source apiserver/pkg/endpoints/handlers/create.go transformDecodeError */
export const cannotBeHandled = ({ kind, version }: ApiResource, problem: string): string =>
	`${kind} in version "${version}" cannot be handled as a ${kind}: ${problem}`;
