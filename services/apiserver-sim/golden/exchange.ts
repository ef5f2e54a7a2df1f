/** Exchanges of kubectl, kubeadm and kubelet with a real kube-apiserver 1.37.2, one for each shape of a request. */
import type { KubeObject } from '../../../lib/kube/types.ts';
import { recordedLines } from './recorded-lines.ts';

export interface Exchange {
	/** Verb, path without names, names of query parameters, media type that was sent, media types that are accepted. */
	readonly shape: string;
	readonly command: string;
	/**
	 * The shape was recorded without its body. The request and the answer are those of this other exchange, with the
	 * parameters and the headers of the shape.
	 */
	readonly derivedFrom?: string;
	/** When the server received it. */
	readonly at: string;
	readonly method: string;
	readonly path: string;
	readonly as: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly sentAs?: 'json' | 'protobuf';
	readonly sent?: unknown;
	/** The objects that exist before. */
	readonly stored?: readonly KubeObject[];
	/** The events of a watch, if its answer shows Tables. */
	readonly changed?: readonly { readonly type: string; readonly object: KubeObject }[];
	readonly status: number;
	readonly answerHeaders: Readonly<Record<string, string>>;
	readonly answeredAs?: 'json' | 'protobuf' | 'json frames' | 'protobuf frames' | 'text';
	/** How much of a large document was recorded. */
	readonly reduced?: 'openapi-v3' | 'openapi-v2' | 'metrics';
	readonly answer?: unknown;
}

export const exchanges = recordedLines<Exchange>('exchanges.jsonl.gz');
