/**
 * Which requests a browser sends for which page. A web page elsewhere can make a browser send a request here (CSRF), or point its own name at this
 * address (DNS rebinding): the headers that a page cannot change tell.
 */
import type { Request } from 'express';
import { isCrossSite } from '../../lib/rpc/http-server.ts';

/** True for a request under another name than these: a page elsewhere whose name was made to point here. */
export const isForeignHost = (request: Request, hosts: readonly string[]): boolean => {
	const { hostname } = request;
	return typeof hostname !== 'string' || !hosts.includes(hostname.toLowerCase());
};

/** True for a request that a page of another origin makes. */
export function isFromElsewhere(request: Request): boolean {
	const origin = request.get('origin');
	if (isCrossSite(request)) return true;
	return origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== request.get('host'));
}

/** True for any request that a web page makes. */
export const isFromBrowser = (request: Request): boolean =>
	request.get('origin') !== undefined || request.get('sec-fetch-site') !== undefined;
