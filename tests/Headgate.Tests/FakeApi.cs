using System.Collections.Concurrent;
using System.Net;
using Headgate.Time;

namespace Headgate.Tests;

/// <summary>An API that answers as a test says, and knows what reached it.</summary>
internal sealed class FakeApi(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>>? answer = null) : HttpMessageHandler
{
    public ConcurrentQueue<string> Paths { get; } = new();

    public static HttpResponseMessage Answer(int status = 200, string body = "ok") => new((HttpStatusCode)status) { Content = new StringContent(body) };

    /// <summary>What an engine sends with in a test.</summary>
    public EngineOptions In(VirtualTime time) => new() { Time = time, Random = new Random(1), Inner = _ => this };

    /// <summary>Lets the other threads go on until something is so.</summary>
    public static async Task Until(Func<bool> isSo)
    {
        for (var times = 0; !isSo(); times++)
        {
            Assert.True(times < 5_000_000, "it never came");
            await Task.Yield();
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ((AttemptMessage)request).OnHeaders();
        Paths.Enqueue(request.RequestUri!.AbsolutePath);
        return answer is null ? Answer() : await answer(request, cancellationToken);
    }
}
