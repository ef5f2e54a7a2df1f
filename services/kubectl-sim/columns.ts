/** The columns of `kubectl get`: those that the API server sends, as `kubectl` prints them. */

import { cellsOf, columnsOf } from '../../lib/kube/columns/table.ts';
import { humanDuration } from '../../lib/kube/duration.ts';
import type { CertificateSigningRequest, KubeObject } from '../../lib/kube/types.ts';

export { csrStatus, nodeRoles } from '../../lib/kube/columns/cells.ts';

export interface Column<T> {
	readonly header: string;
	/** Only with `-o wide`. */
	readonly isWide?: true;
	/** @param now milliseconds since the epoch */
	cell(object: T, now: number): string;
}

/** The first column with --all-namespaces. */
export const namespaceColumn: Column<KubeObject> = {
	header: 'NAMESPACE',
	cell: ({ metadata }) => metadata.namespace ?? '',
};

const columns = (kind: string): readonly Column<KubeObject>[] =>
	columnsOf(kind).map(({ name, priority }, index) => ({
		header: name.toUpperCase(),
		...(priority === 0 ? {} : { isWide: true }),
		cell: (object, now) => String(cellsOf(kind, object, now)[index]),
	}));

export const nodeColumns = columns('Node');
export const csrColumns = columns('CertificateSigningRequest');
export const secretColumns = columns('Secret');
export const configMapColumns = columns('ConfigMap');
export const leaseColumns = columns('Lease');
export const roleColumns = columns('Role');
export const roleBindingColumns = columns('RoleBinding');

export const requestedDuration = ({ expirationSeconds }: CertificateSigningRequest['spec']): string | undefined =>
	expirationSeconds === undefined ? undefined : humanDuration(expirationSeconds * 1000);
