using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Headgate.App.Logging;
using Headgate.App.Security;
using Headgate.App.Service;
using Headgate.Configuration;
using Headgate.Connections;
using Headgate.Gates;
using Headgate.Ledgers;
using Headgate.Time;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;

namespace Headgate.App.Proxy;

/// <summary>
/// Answers CONNECT: a connection to a server, within what bounds how much is open there at once. What passes through it nobody here can read. It
/// stands before the server of HTTP, which has no way to give a connection away. Thread-safe.
/// </summary>
internal sealed class Tunnels : IAsyncDisposable
{
    private static readonly byte[] Method = "CONNECT "u8.ToArray();
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan IdleAtTheEnd = TimeSpan.FromSeconds(3);

    private readonly ServiceState _state;
    private readonly ServeConfiguration _options;
    private readonly ProxyAccess _access;
    private readonly ILogger _log;
    private readonly ConcurrentDictionary<Tunnel, bool> _open = new();
    private readonly ITimer _timer;

    public Tunnels(ServiceState state, ServeConfiguration options, ProxyAccess access, ILogger log)
    {
        (_state, _options, _access, _log) = (state, options, access, log);
        _timer = state.Time.CreateTimer(_ => CutIdle(), null, LookEvery, LookEvery);
    }

    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    /// <summary>Takes a connection that begins with a CONNECT, and leaves any other to whoever comes next.</summary>
    public async Task BeginAsync(ConnectionContext caller, ConnectionDelegate next)
    {
        if (await FirstBytes.AreAsync(caller, Method, _state.Time) is not { } isConnect)
            return;
        if (!isConnect)
        {
            await next(caller);
            return;
        }
        try
        {
            await AnswerAsync(caller, await ReadHeadAsync(caller));
        }
        catch (OperationCanceledException) when (caller.ConnectionClosed.IsCancellationRequested)
        {
            // It has gone.
        }
        catch (Exception failure) when (failure is LedgerException or not IOException)
        {
            var problem = Problem.Of(failure);
            if (problem.Status == StatusCodes.Status500InternalServerError)
                _log.CallFailed(failure, HttpMethods.Connect, "proxy");
            await RefuseAsync(caller, problem);
        }
    }

    private async Task<ConnectHead> ReadHeadAsync(ConnectionContext caller)
    {
        using var patience = new CancellationTokenSource(CallerLimits.Head, _state.Time);
        var input = caller.Transport.Input;
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(patience.Token);
                var bytes = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, CallerLimits.LongestHead + 1)).ToArray();
                if (ConnectHead.Read(bytes, out var length) is { } head)
                {
                    input.AdvanceTo(read.Buffer.GetPosition(length));
                    return head;
                }
                input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                if (read.IsCompleted)
                    throw new OperationCanceledException();
            }
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            throw new Problem(StatusCodes.Status408RequestTimeout, $"the head of the request did not come within {CallerLimits.Head.TotalSeconds:0} s");
        }
    }

    private async Task AnswerAsync(ConnectionContext caller, ConnectHead head)
    {
        var shown = head.Headers[Credentials.Header] is [{ Length: > 0 } token, ..] ? token : null;
        var (_, terms, place) = _access.Admit(head.Headers, shown, (caller.RemoteEndPoint as IPEndPoint)?.Address);
        using var counted = place;
        using var held = new HeldCall(caller.ConnectionClosed);
        using var call = _state.Enter(held);
        Upstream api;
        bool isWhole;
        Permit? permit;
        do
            (api, isWhole) = _state.Engine.ServerOf(head.Host, head.Port);
        while ((permit = await PermitAsync(api, terms, held)) is null);
        // Where only some of its paths are an API, the others are no more allowed than any private address.
        var way = new ApiTunnels(_state.Engine, api, api.Configuration.IsConfigured && isWhole);
        var dispatcher = _state.Engine.Dispatcher;
        try
        {
            await using var server = await ConnectAsync(way, head, api.Configuration.Policy.ConnectTimeout, caller.ConnectionClosed);
            dispatcher.Sent(permit, _state.Engine.Clock.Now);
            dispatcher.Answered(permit, _state.Engine.Clock.Now);
            await RunAsync(caller, server, (permit.GrantedAt - permit.EnqueuedAt) / (double)Clock.Second);
        }
        finally
        {
            // The one or the other, by how far it came.
            dispatcher.Ended(permit, _state.Engine.Clock.Now);
            dispatcher.Return(permit);
        }
    }

    /// <summary>A permit; null if the API has gone meanwhile, and another one is opened in its place.</summary>
    private async Task<Permit?> PermitAsync(Upstream api, CallTerms terms, HeldCall held)
    {
        var clock = _state.Engine.Clock;
        var until = Math.Min(clock.Now + Clock.Nanoseconds(_options.Hold), terms.DeadlineOn(clock) ?? long.MaxValue);
        try
        {
            var permit = await _state.Engine.Dispatcher.AcquireAsync(api.Tunnels, new LaneKey(Cost.One, terms.Priority, terms.Tenant, null), until, held.Token);
            held.Follow(LineStep.Permitted);
            return permit;
        }
        catch (OperationCanceledException) when (held.WasGivenUp)
        {
            throw HeldCall.Stopping;
        }
        catch (RefusedException refused) when (refused.Reason == RefusalReason.Moved)
        {
            return null;
        }
        catch (RefusedException refused)
        {
            var status = refused.Reason == RefusalReason.Expired ? StatusCodes.Status429TooManyRequests : StatusCodes.Status503ServiceUnavailable;
            throw new Problem(status, refused.Message)
            {
                Class = FailureClass.Deadline,
                RetryAfter = Math.Max(1, (int)Math.Ceiling((refused.RetryAfter ?? TimeSpan.Zero).TotalSeconds)),
                Headers = [(ProxyStatus.Header, ProxyStatus.Error("connection_limit_reached"))],
            };
        }
    }

    private static async Task<Stream> ConnectAsync(ApiTunnels way, ConnectHead head, TimeSpan timeout, CancellationToken gone)
    {
        try
        {
            return await way.OpenAsync(new DnsEndPoint(head.Host, head.Port), timeout, gone);
        }
        catch (AddressBlockedException blocked)
        {
            throw Failed(StatusCodes.Status403Forbidden, FailureClass.Blocked, blocked.Message, ProxyStatus.Error("destination_ip_prohibited"));
        }
        catch (ProxyFaultException fault) when (!gone.IsCancellationRequested)
        {
            throw Failed(fault.Fault == ProxyFault.Silent ? StatusCodes.Status504GatewayTimeout : StatusCodes.Status502BadGateway, FailureClass.Proxy, fault.Message, ProxyStatus.Error("destination_unavailable"));
        }
        catch (SocketException failure)
        {
            var status = ProxyStatus.Of(failure);
            throw Failed(StatusCodes.Status502BadGateway, FailureClass.Network, status.EndsWith("dns_error", StringComparison.Ordinal) ? "the name of the host was not found" : "no connection", status);
        }
        catch (OperationCanceledException) when (!gone.IsCancellationRequested)
        {
            throw Failed(StatusCodes.Status504GatewayTimeout, FailureClass.Network, "no connection within the connect timeout", ProxyStatus.Error("connection_timeout"));
        }
    }

    private async Task RunAsync(ConnectionContext caller, Stream server, double waited)
    {
        using var tunnel = new Tunnel(caller, server, _state.Tunnels, _state.Time);
        _open[tunnel] = true;
        _state.Tunnels.Begin();
        try
        {
            await tunnel.RunAsync(Encoding.ASCII.GetBytes(FormattableString.Invariant($"HTTP/1.1 200 Connection established\r\nHeadgate-Wait: {waited:0.######}\r\n\r\n")));
        }
        finally
        {
            _open.TryRemove(tunnel, out _);
            _state.Tunnels.End();
        }
    }

    /// <summary>Those through which nothing passes; when the service stops, they need not be waited for at all.</summary>
    private void CutIdle()
    {
        var longest = _state.IsDraining ? IdleAtTheEnd : _options.ProxyIdle;
        foreach (var (tunnel, _) in _open)
            if (tunnel.Idle >= longest)
                tunnel.Cut();
    }

    private static Problem Failed(int status, FailureClass failure, string error, string proxyStatus) =>
        new(status, error) { Class = failure, Headers = [(ProxyStatus.Header, proxyStatus)] };

    /// <summary>What the server of HTTP would write, were it asked.</summary>
    private static async Task RefuseAsync(ConnectionContext caller, Problem problem)
    {
        var body = new ArrayBufferWriter<byte>();
        await using (var json = new Utf8JsonWriter(body, Headgate.Jobs.ResultRecordWriter.Options))
            problem.Write(json);
        var head = new StringBuilder($"HTTP/1.1 {problem.Status} {ReasonPhrases.GetReasonPhrase(problem.Status)}\r\nContent-Type: application/problem+json\r\nContent-Length: {body.WrittenCount}\r\nConnection: close\r\n");
        if (problem.RetryAfter is { } seconds)
            head.Append(System.Globalization.CultureInfo.InvariantCulture, $"Retry-After: {seconds}\r\n");
        foreach (var (name, value) in problem.Headers)
            head.Append(System.Globalization.CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        await caller.Transport.Output.WriteAsync(Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()));
        await caller.Transport.Output.WriteAsync(body.WrittenMemory);
    }
}
