using System.Net;
using Headgate.Time;

namespace Headgate.Tests;

/// <summary>A server without a network, in virtual time: what it is asked for it answers as told, and remembers.</summary>
internal sealed class FakeServer(VirtualTime time) : HttpMessageHandler
{
    /// <summary>The answer to each request; 200 with a short text by default.</summary>
    public Func<HttpRequestMessage, HttpResponseMessage> Answer { get; set; } = _ => Text("done");

    /// <summary>In the place of <see cref="Answer"/>: how the n-th send goes, counted from 1.</summary>
    public Func<int, CancellationToken, Task<HttpResponseMessage>>? Instead { get; set; }

    /// <summary>When requests came, since the start.</summary>
    public List<TimeSpan> Arrivals { get; } = [];

    /// <summary>The authorization of each, as it was sent.</summary>
    public List<string?> Credentials { get; } = [];

    public bool IsDisposed { get; private set; }

    public static Task<HttpResponseMessage> Done => Task.FromResult(Text("done"));

    public static HttpResponseMessage Text(string body, HttpStatusCode status = HttpStatusCode.OK) => new(status) { Content = new StringContent(body) };

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        int number;
        lock (Arrivals)
        {
            Arrivals.Add(time.Elapsed);
            Credentials.Add(request.Headers.Authorization?.ToString());
            number = Arrivals.Count;
        }
        return Instead is { } instead ? instead(number, cancellationToken) : Task.FromResult(Answer(request));
    }

    protected override void Dispose(bool disposing)
    {
        IsDisposed = true;
        base.Dispose(disposing);
    }
}

/// <summary>A client of a <see cref="FakeServer"/>, and the time that both live in.</summary>
internal sealed class FakeWorld : IDisposable
{
    public FakeWorld(Action<HeadgateOptions>? configure = null)
    {
        Server = new FakeServer(Time);
        // Time goes on while threads are slow: nothing may time out that is not meant to.
        Client = new HeadgateClient("https://api.test/v1", o =>
        {
            o.Timeout = TimeSpan.FromDays(7);
            configure?.Invoke(o);
        }, Server, Time);
    }

    public VirtualTime Time { get; } = new();

    public FakeServer Server { get; }

    public HeadgateClient Client { get; }

    /// <summary>Lets time pass until a task has ended.</summary>
    public static async Task<T> EndAsync<T>(VirtualTime time, Task<T> task)
    {
        await Threads.PassUntilAsync(time, () => task.IsCompleted);
        return await task;
    }

    public Task<T> EndAsync<T>(Task<T> task) => EndAsync(Time, task);

    public void Dispose() => Client.Dispose();
}
