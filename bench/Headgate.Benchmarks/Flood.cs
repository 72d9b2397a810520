using System.Diagnostics;
using System.Text.Json;
using Headgate.Configuration;

namespace Headgate.Benchmarks;

/// <summary>What became of a flood.</summary>
internal sealed record FloodResult(int Answered, int MostInFlight, double PerSecond, double Peak);

/// <summary>Keeps many requests in flight, in a process of its own: through a bare HttpClient or through the engine.</summary>
internal static class Flood
{
    /// <summary>Runs one in a new process.</summary>
    public static async Task<FloodResult> StartAsync(string way, Uri uri, int atOnce, int requests)
    {
        using var process = Machine.Self("flood", way, uri.ToString(), $"{atOnce}", $"{requests}");
        var error = process.StandardError.ReadToEndAsync();
        var said = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException(await error);
        var peak = Machine.PeakOf(process);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        return JsonSerializer.Deserialize<FloodResult>(said)! with { Peak = peak };
    }

    /// <summary>That process: tells what it did, and stays until its peak was read.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var (uri, atOnce, requests) = (new Uri(args[1]), int.Parse(args[2]), int.Parse(args[3]));
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false, UseProxy = false, AllowAutoRedirect = false });
        using var engine = new Engine(HeadgateConfiguration.Default with { Defaults = UpstreamPolicy.Default with { Learns = false } }, new EngineOptions { Concurrency = atOnce });
        var line = new StraightLine(engine);
        var send = args[0] == "bare" ? () => BareAsync(client, uri) : (Func<Task<bool>>)(() => LineAsync(line, uri));
        var (left, inFlight, most, answered, gate) = (requests, 0, 0, 0, new Lock());
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, atOnce).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                lock (gate)
                    most = Math.Max(most, ++inFlight);
                var isAnswered = await send();
                lock (gate)
                    (inFlight, answered) = (inFlight - 1, answered + (isAnswered ? 1 : 0));
            }
        })));
        Console.WriteLine(JsonSerializer.Serialize(new FloodResult(answered, most, requests / Stopwatch.GetElapsedTime(start).TotalSeconds, 0)));
        await Console.In.ReadLineAsync();
        return 0;
    }

    private static async Task<bool> BareAsync(HttpClient client, Uri uri)
    {
        using var answer = await client.GetAsync(uri, HttpCompletionOption.ResponseHeadersRead);
        await answer.Content.CopyToAsync(Stream.Null);
        return answer.IsSuccessStatusCode;
    }

    private static async Task<bool> LineAsync(StraightLine line, Uri uri)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        var receive = static async (HttpResponseMessage answer, CancellationToken cancellation) => await answer.Content.CopyToAsync(Stream.Null, cancellation);
        using var answer = await line.SendAsync(new Exchange(request, SendTerms.None) { Receive = async (answer, cancellation) => await receive(answer, cancellation) }, CancellationToken.None);
        return answer.IsSuccessStatusCode;
    }
}
