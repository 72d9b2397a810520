#!/usr/bin/env python3
"""Submits requests and waits for their answers, as clients of the original multiplexer do.

usage: submit_and_wait.py SERVICE URL [COUNT]
"""
import asyncio
import sys

import aiohttp


async def main(service: str, url: str, count: int) -> None:
    async with aiohttp.ClientSession() as session:
        requests = [{"url": f"{url}?n={n}", "method": "GET", "priority": 2, "retries": 3, "timeout": 30.0} for n in range(count)]
        async with session.post(f"{service}/api/v1/requests/bulk", json={"requests": requests}) as answer:
            answer.raise_for_status()
            ids = (await answer.json())["request_ids"]
        async with session.post(f"{service}/api/v1/requests/wait", json={"request_ids": ids, "timeout": 300.0}) as answer:
            answer.raise_for_status()
            waited = await answer.json()
        for job in waited["results"]:
            # Without an answer there is no result, and the error says why.
            print(job["status"], job["result"]["status_code"] if job["result"] else job["error"]["detail"], job["url"])
        print(f"{waited['completed_count']} completed, {waited['failed_count']} failed")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 1))
