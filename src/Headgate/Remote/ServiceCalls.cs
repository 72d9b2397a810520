using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;

namespace Headgate.Remote;

/// <summary>A call of a service. It may be made more than once, so it is one that does no harm then.</summary>
/// <param name="Method">The method.</param>
/// <param name="Path">The path and query, without a slash before it.</param>
internal sealed record ServiceCall(HttpMethod Method, string Path)
{
    /// <summary>A body of JSON; null for none.</summary>
    public ReadOnlyMemory<byte>? Body { get; init; }

    /// <summary>By what the service knows that it was told the same before; null where that is no matter.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>How long the service was asked to wait before it answers.</summary>
    public TimeSpan Wait { get; init; }

    /// <summary>Statuses beside 2xx that are answers, not refusals.</summary>
    public IReadOnlyList<int> Expected { get; init; } = [];

    /// <summary>Whether it is made again when the service is away or has no room now.</summary>
    public bool IsPatient { get; init; } = true;
}

/// <summary>Calls a service, and calls again what did not come through. Thread-safe.</summary>
internal sealed class ServiceCalls : IDisposable
{
    private readonly Uri _address;
    private readonly string _service;
    private readonly HeadgateServiceClientOptions _options;
    private readonly ServiceToken _token;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly HttpClient _http;

    /// <param name="address">Where the service is.</param>
    /// <param name="options">How it is called.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">For pauses; used by one thread at a time.</param>
    public ServiceCalls(Uri address, HeadgateServiceClientOptions options, TimeProvider time, Random random)
    {
        (_address, _service) = (address, address.GetLeftPart(UriPartial.Path).TrimEnd('/'));
        (_options, _time, _random) = (options, time, random);
        _token = ServiceToken.Of(options.Token, options.TokenFile);
        _http = options.Inner is { } inner
            ? new HttpClient(inner, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan }
            : new HttpClient(Transport(address)) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>The service, for messages.</summary>
    public string Service => _service;

    /// <summary>Makes a call, and reads its answer.</summary>
    /// <exception cref="HeadgateException">The service refused it, cannot be reached, or is none.</exception>
    public async Task<T> SendAsync<T>(ServiceCall call, Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken cancellation)
    {
        var (awaySince, mayHaveArrived) = ((long?)null, false);
        for (var times = 0; ; times++)
        {
            TimeSpan? asked = null;
            try
            {
                var (value, refusal) = await AttemptAsync(call, read, cancellation).ConfigureAwait(false);
                if (refusal is null)
                    return value!;
                if (!call.IsPatient || !(refusal.Passes || (refusal.IsOfProxy && IsToWait(ref awaySince))))
                    throw refusal.ToException(_service);
                asked = refusal.RetryAfter;
                // It is there, and says no itself.
                awaySince = refusal.Passes ? null : awaySince;
            }
            catch (OperationCanceledException given) when (cancellation.IsCancellationRequested)
            {
                throw new OperationCanceledException(given.Message, given, cancellation);
            }
            catch (Exception failure) when (IsAway(failure))
            {
                mayHaveArrived |= failure is not HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError };
                if (!call.IsPatient || !IsToWait(ref awaySince))
                    throw Away(failure, mayHaveArrived && call.Method != HttpMethod.Get);
            }
            await Task.Delay(ServicePause.After(times, asked, Chance()), _time, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Opens a stream; whoever gets it disposes it.</summary>
    /// <exception cref="HeadgateException">The service refused it, cannot be reached, or is none.</exception>
    public async Task<HttpResponseMessage> OpenAsync(ServiceCall call, IReadOnlyDictionary<string, string> headers, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(_options.Timeout, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        try
        {
            var answer = await SendOnceAsync(call, headers, both.Token).ConfigureAwait(false);
            if (answer.IsSuccessStatusCode)
                return answer;
            using (answer)
                throw (await ServiceRefusal.ReadAsync(answer, _time.GetUtcNow(), both.Token).ConfigureAwait(false)).ToException(_service);
        }
        catch (Exception failure) when (IsAway(failure) && !cancellation.IsCancellationRequested)
        {
            throw Away(failure, false);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<(T? Value, ServiceRefusal? Refusal)> AttemptAsync<T>(ServiceCall call, Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(_options.Timeout + call.Wait, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        using var answer = await SendOnceAsync(call, null, both.Token).ConfigureAwait(false);
        if (!answer.IsSuccessStatusCode && !call.Expected.Contains((int)answer.StatusCode))
            return (default, await ServiceRefusal.ReadAsync(answer, _time.GetUtcNow(), both.Token).ConfigureAwait(false));
        try
        {
            return (await read(answer, both.Token).ConfigureAwait(false), null);
        }
        catch (Exception broken) when (broken is JsonException or ArgumentException or InvalidOperationException or KeyNotFoundException)
        {
            throw new HeadgateException(FailureClass.Network, $"{_service} does not answer as a Headgate service: {broken.Message}", broken) { Upstream = _service };
        }
    }

    private async Task<HttpResponseMessage> SendOnceAsync(ServiceCall call, IReadOnlyDictionary<string, string>? headers, CancellationToken cancellation)
    {
        while (true)
        {
            var token = _token.Text;
            using var message = new HttpRequestMessage(call.Method, new Uri(_address, call.Path));
            if (token is not null)
                message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            if (call.IdempotencyKey is { } key)
                message.Headers.Add("Idempotency-Key", key);
            foreach (var (name, value) in headers ?? new Dictionary<string, string>())
                message.Headers.TryAddWithoutValidation(name, value);
            if (call.Body is { } body)
                message.Content = new ReadOnlyMemoryContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
            var answer = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
            if ((int)answer.StatusCode != 401 || !_token.TryRenew(token))
                return answer;
            answer.Dispose();
        }
    }

    /// <summary>Whether a service that is away is still waited for.</summary>
    private bool IsToWait(ref long? since)
    {
        since ??= _time.GetTimestamp();
        return _time.GetElapsedTime(since.Value) < _options.Patience;
    }

    private HeadgateException Away(Exception failure, bool maybeSent)
    {
        var why = failure is OperationCanceledException ? $"no answer within {_options.Timeout.TotalSeconds:0.###} s" : failure.Message;
        return new HeadgateException(FailureClass.Network, $"the service at {_service} cannot be reached: {why}; is it running (headgate serve)?", failure) { MaybeSent = maybeSent, Upstream = _service };
    }

    // Of IOException come those that break off within an answer.
    private static bool IsAway(Exception failure) => failure is (HttpRequestException and not HeadgateException) or IOException or SocketException or OperationCanceledException;

    private double Chance()
    {
        lock (_random)
            return _random.NextDouble();
    }

    private static SocketsHttpHandler Transport(Uri address) => new()
    {
        // A proxy of the environment is meant for the way out of the machine.
        UseProxy = !address.IsLoopback,
        // A token goes to nobody but whom it is for.
        AllowAutoRedirect = false,
        AutomaticDecompression = System.Net.DecompressionMethods.All,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    };
}
