/** The form of an object after its way to the API server, which drops fields that the contract does not have. */
import { KubejoinError } from '../errors.ts';
import { contractOf } from '../rpc/contracts.ts';
import type { ApiResource } from './resources.ts';
import { cannotBeHandled, unmarshalProblem } from './unmarshal.ts';

/** The object as the server will see it. @throws API_BAD_REQUEST  a field has another type than the contract says */
export function asReceived(resource: ApiResource, object: object): object {
	const { service = '' } = resource;
	const create = contractOf(service).Create;
	if (create === undefined) throw new TypeError(`${service} creates nothing`);
	const problem = unmarshalProblem(resource, object);
	if (problem !== undefined)
		throw new KubejoinError('API_BAD_REQUEST', { problem: cannotBeHandled(resource, problem) });
	return create.requestDeserialize(create.requestSerialize(object)) as object;
}
