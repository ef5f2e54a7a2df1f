/** Whether an object in its JSON form has the types of its kind, and the form in which the API server reads it. */
import { fits } from '../codec/fits.ts';
import { type Reading, type ReadingOptions, readMessage } from '../codec/read.ts';
import type { JsonObject } from '../json-object.ts';
import { messageOfResource } from './codec/message-of-resource.ts';
import { cannotBeHandled as cannotBeHandledAs, readObject } from './codec/object.ts';
import { type ApiResource, apiVersionOf } from './resources.ts';

const reading = (resource: ApiResource, object: object, options?: ReadingOptions): Reading =>
	readMessage(messageOfResource(resource), object, options);

/**
 * Why an object cannot be read as one of its resource: the first field whose value has another type or does not fit its
 * type.
 *
 * @returns upstream's text; undefined when it can. Unknown fields are no reason
 */
export const unmarshalProblem = (
	resource: ApiResource,
	object: object,
	options?: ReadingOptions,
): string | undefined =>
	fits(messageOfResource(resource), object as JsonObject) ? undefined : reading(resource, object, options).problem;

export const cannotBeHandled = (resource: ApiResource, problem: string): string => {
	const type = { apiVersion: apiVersionOf(resource), kind: resource.kind };
	return cannotBeHandledAs(type, type, problem);
};

/** The object as the server will see it, without apiVersion and kind. @throws API_BAD_REQUEST */
export function asReceived(resource: ApiResource, object: object): object {
	const type = { apiVersion: apiVersionOf(resource), kind: resource.kind };
	const { apiVersion: _version, kind: _kind, ...received } = readObject({ ...object, ...type }, type).object;
	return received;
}
