using Headgate;

namespace Library;

/// <summary>Two clients, with handlers of their own around it, share one set of limits: they share the handler.</summary>
public static class SharedLimits
{
    public static async Task<long> RunAsync(string api)
    {
        using var shared = new HeadgateHandler(new HeadgateOptions { Limits = ["20/s"] });
        using var invoices = Client();
        using var reports = Client();
        await Task.WhenAll(Enumerable.Range(1, 15).SelectMany(number => new[] { invoices.GetStringAsync($"invoices/{number}"), reports.GetStringAsync($"reports/{number}") }));
        return shared.GetMetrics().Successful;

        HttpClient Client() => new(shared, disposeHandler: false) { BaseAddress = new Uri(api), Timeout = Timeout.InfiniteTimeSpan };
    }
}
