using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Headgate.App.Simulator;

/// <summary>
/// The way of a request: (1) it travels, (2) it arrives and is decided, (3) it takes its time, (4) it is answered or goes wrong.
/// Sits directly on Kestrel, without routing, middleware or services, since what it measures shares the machine with it.
/// </summary>
internal sealed class SimulatorApplication(SimulatorOptions options, Judge judge, TimeProvider time, CancellationToken stopping) : IHttpApplication<IFeatureCollection>
{
    private readonly PleaReader _reader = new(options.Per, judge.Costs);
    private readonly AnswerWriter _answers = new(options.Style, judge.Clock);
    private readonly ReportPages _pages = new(judge);
    private readonly Wire _wire = new(time, stopping);

    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public void DisposeContext(IFeatureCollection context, Exception? exception) { }

    public Task ProcessRequestAsync(IFeatureCollection context)
    {
        try
        {
            var work = ServeAsync(context);
            return work.IsCompletedSuccessfully ? work : WatchAsync(work);
        }
        catch (Exception fault)
        {
            judge.Fail(fault);
            throw;
        }
    }

    /// <summary>A fault of the simulator itself must show in its report: Kestrel would only answer 500.</summary>
    private async Task WatchAsync(Task work)
    {
        try
        {
            await work;
        }
        catch (Exception fault) when (!IsOfClient(fault))
        {
            judge.Fail(fault);
            throw;
        }
    }

    /// <summary>The client left in the middle of its body or of ours, or its body was malformed.</summary>
    private static bool IsOfClient(Exception fault) => fault is OperationCanceledException or IOException or BadHttpRequestException;

    private Task ServeAsync(IFeatureCollection context)
    {
        var request = context.GetRequiredFeature<IHttpRequestFeature>();
        if (request.Path.StartsWith("/__", StringComparison.Ordinal))
            return _pages.AnswerAsync(context, request, stopping);
        return options.Uplink.IsNone ? ArriveAsync(context, request) : TravelAsync(context, request);
    }

    /// <summary>(1) Nothing the client does meanwhile can stop it: what is on its way arrives.</summary>
    private async Task TravelAsync(IFeatureCollection context, IHttpRequestFeature request)
    {
        if (await TryDelayAsync(judge.DrawUplink()))
            await ArriveAsync(context, request);
        else
            Wire.Abort(context);
    }

    /// <summary>(2) Where there is nothing to wait for, the answer is written here and now, without a state machine.</summary>
    private Task ArriveAsync(IFeatureCollection context, IHttpRequestFeature request)
    {
        var verdict = judge.Arrive(_reader.Read(context, request));
        if (!options.Uplink.IsNone || verdict.Delay > TimeSpan.Zero || verdict.FaultKind > FaultKind.Status || AnswerWriter.TakesTime(verdict))
            return AnswerLaterAsync(context, request, verdict);
        judge.End(verdict);
        _answers.Write(context, request, verdict);
        return Task.CompletedTask;
    }

    private async Task AnswerLaterAsync(IFeatureCollection context, IHttpRequestFeature request, Verdict verdict)
    {
        // (3) A server goes on with its work when the client is gone, so its place stays taken.
        if (!await TryDelayAsync(verdict.Delay))
        {
            judge.End(verdict, answered: false);
            Wire.Abort(context);
            return;
        }
        // (4) A place must be free before the client can know of its answer, else its next request would be refused unjustly.
        switch (verdict.FaultKind)
        {
            case FaultKind.Hang:
                await _wire.HangAsync(context);
                judge.End(verdict, answered: false);
                break;
            case FaultKind.Fin or FaultKind.Reset or FaultKind.RefusedStream:
                judge.End(verdict, answered: false);
                await _wire.BreakAsync(context, verdict.FaultKind);
                break;
            default:
                await AnswerAsync(context, request, verdict);
                break;
        }
    }

    private async Task AnswerAsync(IFeatureCollection context, IHttpRequestFeature request, Verdict verdict)
    {
        var gone = context.GetRequiredFeature<IHttpRequestLifetimeFeature>().RequestAborted;
        if (gone.IsCancellationRequested || !AnswerWriter.TakesTime(verdict))
        {
            judge.End(verdict, answered: !gone.IsCancellationRequested);
            if (!gone.IsCancellationRequested)
                _answers.Write(context, request, verdict);
            return;
        }
        var ended = false;
        try
        {
            await _answers.WriteLongAsync(context, request, verdict, () => End(answered: true), gone);
        }
        catch (Exception fault) when (IsOfClient(fault))
        {
            End(answered: false);
            Wire.Abort(context);
        }

        void End(bool answered)
        {
            if (!ended)
                judge.End(verdict, answered);
            ended = true;
        }
    }

    /// <summary>False if the simulator stops meanwhile.</summary>
    private async Task<bool> TryDelayAsync(TimeSpan delay)
    {
        var start = time.GetTimestamp();
        // Timers count whole milliseconds and can end early by several, so the clock is asked again.
        for (var left = delay; left > TimeSpan.Zero && !stopping.IsCancellationRequested; left = delay - time.GetElapsedTime(start))
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)), time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !stopping.IsCancellationRequested;
    }
}
