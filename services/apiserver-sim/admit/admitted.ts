/**
 * Admission around a storage that is not the registry's: reviews, which are answered and not stored, actions on pods,
 * and bootstrap tokens, which token-store keeps.
 */
import type { ResourceStorage } from '../request/api-request.ts';
import type { Admission } from './admission.ts';

type Create = NonNullable<ResourceStorage['create']>;

export const admittedCreate =
	(create: Create, admission: Admission): Create =>
	async (request) => {
		const write = { request, operation: 'CREATE', object: request.object, previous: undefined } as const;
		const object = await admission.mutate(write);
		await admission.validate({ ...write, object });
		return create({ ...request, ...(object === undefined ? {} : { object }) });
	};

/** Every write that the storage offers passes the chain. */
export function admitted(storage: ResourceStorage, admission: Admission): ResourceStorage {
	const { create, delete: remove, get } = storage;
	return {
		...storage,
		...(create && { create: admittedCreate(create, admission) }),
		...(remove && {
			async delete(request) {
				const previous = await get?.(request);
				const write = { request, operation: 'DELETE', object: undefined, previous } as const;
				await admission.mutate(write);
				await admission.validate(write);
				return remove(request);
			},
		}),
	};
}
