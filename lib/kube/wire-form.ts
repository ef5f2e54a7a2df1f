/** What becomes of an object on the way to the API server: a field that the contract does not know is lost. */
import { contractOf } from '../mesh/contracts.ts';
import type { ResourceName } from './resources.ts';

/** The object as the server will see it. @throws Error  a field has another type than the contract says */
export function asReceived({ service = '' }: ResourceName, object: object): object {
	const create = contractOf(service).Create;
	if (create === undefined) throw new TypeError(`${service} creates nothing`);
	return create.requestDeserialize(create.requestSerialize(object)) as object;
}
