import { joinHostPort } from '../../lib/address.ts';

export const isUnspecified = (address: string): boolean => address === '0.0.0.0' || address === '::';

/** The URL for a browser on this machine. The page refuses the name 0.0.0.0. */
export const pageUrl = ({ listenAddress, port }: { readonly listenAddress: string; readonly port: number }): string =>
	`http://${joinHostPort(isUnspecified(listenAddress) ? '127.0.0.1' : listenAddress, port)}`;
