/**
 * The services of proto/kubejoin as gRPC definitions. Messages on our side are Kubernetes JSON; the wire has upstream's
 * protobuf form, with the fields that an object has.
 */
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { Budget, decodeMessage } from '../codec/decode.ts';
import { encodeMessage } from '../codec/encode.ts';
import { type Message, messageNamed, methodsOf } from '../codec/schema.ts';
import { KubejoinError } from '../errors.ts';

/** Definitions are made when a service is first used: a program uses few of them. */
function loadedContracts(): (service: string) => ServiceDefinition {
	const definitions = new Map<string, ServiceDefinition>();
	return (service) => {
		const known = definitions.get(service);
		if (known !== undefined) return known;
		const methods = methodsOf(service).map((line) => definitionOf(service, line));
		if (methods.length === 0) throw new TypeError(`proto/kubejoin declares no service ${service}`);
		const definition = Object.fromEntries(methods);
		definitions.set(service, definition);
		return definition;
	};
}

/** @param line  `Watch kubejoin/v1.WatchRequest stream kubejoin/v1.NodeEvent`; a streamed request has `stream` too */
function definitionOf(service: string, line: string): [string, MethodDefinition<object, object>] {
	const [method = '', ...words] = line.split(' ');
	const [requestType = '', responseType = ''] = words.filter((word) => word !== 'stream');
	const [request, response] = [messageNamed(requestType), messageNamed(responseType)];
	return [
		method,
		{
			path: `/kubejoin.v1.${service}/${method}`,
			requestStream: words[0] === 'stream',
			responseStream: words.at(-2) === 'stream',
			requestSerialize: (object) => encodeMessage(request, object, 'sparse'),
			requestDeserialize: (bytes) => decodeRequest(request, bytes),
			responseSerialize: (object) => encodeMessage(response, object, 'sparse'),
			responseDeserialize: (bytes) => decodeMessage(response, bytes, new Budget(Number.POSITIVE_INFINITY)).object,
		},
	];
}

export type MethodKind = 'unary' | 'streams' | 'bidi';

export const kindOf = ({
	requestStream,
	responseStream,
}: Pick<MethodDefinition<object, object>, 'requestStream' | 'responseStream'>): MethodKind =>
	requestStream ? 'bidi' : responseStream ? 'streams' : 'unary';

/** @throws MESSAGE_UNREADABLE, MESSAGE_TOO_COMPLEX */
function decodeRequest(message: Message, bytes: Buffer): object {
	const { object, strictProblems } = decodeMessage(message, bytes);
	const [problem] = strictProblems;
	if (problem !== undefined) throw new KubejoinError('MESSAGE_UNREADABLE', { problem });
	return object;
}

/**
 * The definition of a service of proto/kubejoin, by its short name: `Nodes`, `TokenStore`, `CertificateAuthority`.
 *
 * @throws TypeError  no such service
 */
export const contractOf = loadedContracts();
