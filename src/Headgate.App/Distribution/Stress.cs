using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Headgate.App.CommandLine;

namespace Headgate.App.Distribution;

/// <summary>The stress test of the key distributor: many callers at once, each of which waits for all calls it causes.</summary>
/// <param name="options">What was asked for.</param>
/// <param name="url">The service.</param>
/// <param name="time">The clock.</param>
internal sealed class Stress(StressOptions options, Uri url, TimeProvider time)
{
    /// <summary>Calls, and waits for all answers.</summary>
    /// <exception cref="CommandException">There is no service.</exception>
    /// <exception cref="OperationCanceledException">The token.</exception>
    public async Task<StressReport> RunAsync(TextWriter talk, CancellationToken stop)
    {
        using var handler = new SocketsHttpHandler { MaxConnectionsPerServer = int.MaxValue };
        // Each caller has its own patience.
        using var client = new HttpClient(handler) { BaseAddress = url, Timeout = Timeout.InfiniteTimeSpan };
        var health = await AskAsync(client, stop);
        var calls = options.Requests ?? health.Calls;
        talk.WriteLine($"headgate: {options.Callers} callers at once at {url.GetLeftPart(UriPartial.Authority)}, {calls} calls each ({health.Mode})");
        var began = time.GetTimestamp();
        var callers = await Task.WhenAll(Enumerable.Range(1, options.Callers).Select(number => CallAsync(client, number, stop)));
        return new StressReport(health, calls, time.GetElapsedTime(began), callers);
    }

    private static async Task<StressHealth> AskAsync(HttpClient client, CancellationToken stop)
    {
        try
        {
            using var answer = await client.GetAsync(new Uri("/health", UriKind.Relative), stop);
            using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(stop));
            return StressHealth.Read(json.RootElement);
        }
        catch (Exception failure) when (failure is HttpRequestException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new CommandException(ExitCode.Unreachable, $"{client.BaseAddress} is no service that could be stressed: {failure.Message}");
        }
    }

    private async Task<StressCaller> CallAsync(HttpClient client, int number, CancellationToken stop)
    {
        using var patience = new CancellationTokenSource(options.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stop);
        var began = time.GetTimestamp();
        try
        {
            using var body = new StringContent(options.Requests is { } count ? $$"""{"requestCount":{{count}}}""" : "{}", Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
            using var answer = await client.PostAsync(new Uri("/process", UriKind.Relative), body, either.Token);
            var text = await answer.Content.ReadAsStringAsync(either.Token);
            using var json = JsonDocument.Parse(text);
            if (!answer.IsSuccessStatusCode)
                return new StressCaller(number, time.GetElapsedTime(began), 0, 0, json.RootElement.TryGetProperty("error", out var error) ? error.ToString() : $"answered {(int)answer.StatusCode}");
            var results = json.RootElement.GetProperty("results");
            return new StressCaller(number, time.GetElapsedTime(began), results.GetArrayLength(), results.EnumerateArray().Count(result => result.ValueEquals("success")), null);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return new StressCaller(number, time.GetElapsedTime(began), 0, 0, $"timeout of {options.Timeout.TotalMilliseconds:0}ms exceeded");
        }
        catch (Exception failure) when (failure is HttpRequestException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return new StressCaller(number, time.GetElapsedTime(began), 0, 0, failure.Message);
        }
    }
}

/// <summary>How a service says that it is set up.</summary>
/// <param name="Mode">test, or full-scale.</param>
/// <param name="Calls">For each incoming call.</param>
/// <param name="Keys">How many keys it has.</param>
/// <param name="RateLimit">Of each key, in a minute.</param>
internal sealed record StressHealth(string Mode, int Calls, int Keys, long RateLimit)
{
    public static StressHealth Read(JsonElement health) =>
        new(health.GetProperty("mode").GetString()!, health.GetProperty("requestsPerIncoming").GetInt32(), health.GetProperty("apiKeys").GetInt32(), health.GetProperty("rateLimit").GetInt64());
}

/// <summary>What became of one caller.</summary>
/// <param name="Number">Which, from 1.</param>
/// <param name="Took">How long it waited.</param>
/// <param name="Calls">How many calls were made for it.</param>
/// <param name="Good">How many of them went well.</param>
/// <param name="Error">Why it got no answer; null if it got one.</param>
internal sealed record StressCaller(int Number, TimeSpan Took, int Calls, int Good, string? Error);
