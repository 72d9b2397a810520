using Headgate;

namespace Library;

/// <summary>A client that keeps to two limits, whoever calls it and however many at once.</summary>
public static class OneLiner
{
    public static async Task<string[]> RunAsync(string api)
    {
        using var client = new HeadgateClient(api, o => o.Limits = ["100/s", "5000/h"]);
        return await Task.WhenAll(Enumerable.Range(1, 50).Select(number => client.GetStringAsync($"things/{number}")));
    }
}
