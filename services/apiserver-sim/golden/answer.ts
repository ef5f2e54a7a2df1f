/** Answers in the form of the recording. */
import { decodeProtobuf, decodeWatchFrames } from '../../../lib/kube/codec/protobuf.ts';
import { goForm } from '../../../lib/kube/schema/go-form.ts';
import { typeOfKind } from '../../../lib/kube/schema/schema.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { Exchange } from './exchange.ts';

const complete = (body: Buffer): string => body.subarray(0, body.lastIndexOf('\n') + 1).toString();

/** The events of the complete frames. */
export function framesOf(body: Buffer, form: Exchange['answeredAs']): unknown[] {
	if (form !== 'protobuf frames') {
		return complete(body)
			.split('\n')
			.filter((line) => line !== '')
			.map((line) => JSON.parse(line));
	}
	let end = 0;
	while (end + 4 <= body.length && end + 4 + body.readUInt32BE(end) <= body.length) end += 4 + body.readUInt32BE(end);
	return decodeWatchFrames(body.subarray(0, end));
}

export function answerOf(body: Buffer, { answeredAs, answer }: Exchange): unknown {
	if (answeredAs === 'json frames') return framesOf(body, answeredAs);
	if (answeredAs === 'protobuf frames') return framesOf(body, answeredAs).map(inGoForm);
	if (answeredAs === 'protobuf') return inGoForm(decoded(body, answer as KubeObject));
	if (answeredAs !== 'json' && typeof answer !== 'object') return body.toString();
	try {
		return JSON.parse(body.toString());
	} catch {
		return body.toString();
	}
}

const status = { apiVersion: 'v1', kind: 'Status' };

function decoded(body: Buffer, { apiVersion, kind }: KubeObject): object {
	for (const type of [{ apiVersion, kind }, status]) {
		try {
			const { object } = decodeProtobuf(body, type);
			if (object.kind === type.kind) return object;
		} catch {
			// The body has another kind, or is no protobuf: it is compared as text.
		}
	}
	return { text: body.toString('latin1') };
}

/** An object with `kind` in the form that Go writes; other values as they are. */
export function inGoForm(value: unknown): unknown {
	if (typeof value !== 'object' || value === null) return value;
	const { kind, apiVersion, items, object } = value as KubeObject & { items?: KubeObject[]; object?: KubeObject };
	if (object !== undefined && kind === undefined) return { ...value, object: inGoForm(object) };
	if (kind === undefined || apiVersion === undefined) return value;
	if (Array.isArray(items)) {
		const typeMeta = { apiVersion, kind: kind.slice(0, -'List'.length) };
		return { ...value, items: items.map((item) => withoutType(inGoForm({ ...typeMeta, ...item }))) };
	}
	const type = typeOfKind(value as KubeObject);
	return type === undefined ? value : goForm(type, value);
}

const withoutType = (item: unknown) => {
	const { apiVersion: _version, kind: _kind, ...rest } = item as KubeObject;
	return rest;
};
