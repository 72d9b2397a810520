using Headgate;

namespace Library;

/// <summary>A retry handler of your own belongs outside, where each of its attempts waits for its turn. Inside it is refused.</summary>
public static class OuterRetries
{
    public static async Task<int> RunAsync(string api)
    {
        using var outside = new RetryHandler { InnerHandler = new HeadgateHandler(new HeadgateOptions { Limits = ["50/s"] }) };
        using var client = new HttpClient(outside) { BaseAddress = new Uri(api), Timeout = Timeout.InfiniteTimeSpan };
        using var answer = await client.GetAsync("things/1");
        return (int)answer.StatusCode;
    }

    public static HeadgateHandler Wrong() => new(new HeadgateOptions(), inner: new RetryHandler { InnerHandler = new SocketsHttpHandler() });

    private sealed class RetryHandler : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await base.SendAsync(request, cancellationToken);
            return (int)answer.StatusCode == 404 ? await base.SendAsync(request, cancellationToken) : answer;
        }
    }
}
