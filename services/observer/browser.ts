/**
 * Distinguishes requests of the observer's own page from those of other pages. A page of another origin can make a
 * browser send a request here (CSRF), or point its own name at this address (DNS rebinding). It cannot change these
 * headers.
 */
import type { Request } from 'express';
import { isCrossSite } from '../../lib/rpc/http-server.ts';

/** True for a request under a name that is not one of these. */
export const isForeignHost = (request: Request, hosts: readonly string[]): boolean => {
	const { hostname } = request;
	return typeof hostname !== 'string' || !hosts.includes(hostname.toLowerCase());
};

/** True for a request of a page of another origin. */
export function isFromElsewhere(request: Request): boolean {
	const origin = request.get('origin');
	if (isCrossSite(request)) return true;
	return origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== request.get('host'));
}

/** True for a request of any web page. */
export const isFromBrowser = (request: Request): boolean =>
	request.get('origin') !== undefined || request.get('sec-fetch-site') !== undefined;
