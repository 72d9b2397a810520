using System.Net;
using System.Text.Json;
using Headgate.App.CommandLine;
using Headgate.App.Results;
using Headgate.App.Runs;
using Headgate.Jobs;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Retries;

namespace Headgate.App.Send;

/// <summary><c>headgate send</c>: one request down the same line as those of a run, with the same memory of what was sent before.</summary>
/// <param name="options">What to send.</param>
/// <param name="output">Standard output: the answer's body, or its record.</param>
/// <param name="talk">Where everything else is said.</param>
/// <param name="terminal">Who reads it.</param>
/// <param name="time">The clock.</param>
internal sealed class Sending(SendOptions options, Stream output, TextWriter talk, Terminal terminal, TimeProvider time)
{
    private AnswerBody _body = null!;
    private Action _clear = () => { }; // takes away the line that is drawn over
    private ReceivedBody _whole;
    private Exchange? _exchange;

    /// <summary>Sends it and tells what came of it.</summary>
    /// <param name="stop">Gives it up.</param>
    public async Task<ExitCode> ExecuteAsync(CancellationToken stop)
    {
        var settings = options.Engine.WithKeysFor(options.Request.ParsedUrl);
        var state = settings.State is "none" ? null : StateDirectory.Open(StateDirectory.Locate(settings.State, Environment.GetEnvironmentVariable));
        using var engine = new Engine(settings.Configuration, new EngineOptions
        {
            Time = time,
            Concurrency = settings.Configuration.Concurrency,
            Journal = clock => new SendJournal(clock, state, settings.Share),
            Keys = settings.KeysOf,
            Proxies = settings.ProxiesIn,
            GivesUpProxies = true,
            Decompression = DecompressionMethods.All,
            Notice = message => talk.WriteLine($"headgate: {message}"),
        });
        engine.Proxies.Begin();
        var accepted = new Acceptance(options.Request, Guid.CreateVersion7(time.GetUtcNow()).ToString(), time.GetUtcNow(), engine.Clock.Now) { TooLarge = "the answer is larger than --max-body" };
        _body = new AnswerBody(output, engine.UpstreamOf(options.Request.ParsedUrl).Configuration.Policy.MaxBody, stop);
        using var waiting = new WaitLine(engine.Clock, talk, terminal.Width);
        _clear = waiting.End;
        using var message = Message();
        _exchange = new Exchange(message, new SendTerms(accepted) { Watch = Watch(engine, accepted, waiting) }) { Receive = ReceiveAsync };
        try
        {
            return await SendAsync(engine, accepted, _exchange, stop);
        }
        finally
        {
            _exchange.Last?.WriteEnd();
        }
    }

    private async Task<ExitCode> SendAsync(Engine engine, Acceptance accepted, Exchange exchange, CancellationToken stop)
    {
        try
        {
            using var answer = await new StraightLine(engine).SendAsync(exchange, stop);
            var record = accepted.Answered(answer, _whole, exchange, engine.Clock.Now);
            Write(answer, record);
            Say(AnswerWords.Line(answer, record, exchange));
            // The status says it already, unless there is more to it: retries, a refusal, a body too large.
            if (!record.Outcome.Ok && (exchange.Detail is not null || _whole.IsTooLarge))
                talk.WriteLine($"headgate: {record.Detail}");
            if (exchange.Hops == Redirects.DefaultLimit && record.Result!.StatusCode is >= 300 and < 400)
                talk.WriteLine($"headgate: {Redirects.DefaultLimit} redirects were followed; this one is not");
            return CodeOf(record, engine);
        }
        catch (HeadgateException failure)
        {
            var record = accepted.Failed(failure.FailureClass, failure.Message, exchange, engine.Clock.Now);
            Write(null, record);
            Say($"headgate: {AnswerWords.Failure(record, exchange)}");
            return CodeOf(record, engine);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            Say(exchange.MaybeSent ? "headgate: interrupted; it was sent, and the server may have acted on it" : "headgate: interrupted before it was sent");
            return ExitCode.Interrupted;
        }
    }

    private HttpRequestMessage Message()
    {
        try
        {
            return options.Request.ToMessage();
        }
        catch (ArgumentException wrong)
        {
            throw new CommandException(ExitCode.Usage, wrong.Message);
        }
    }

    private Action<Exchange, LineStep>? Watch(Engine engine, Acceptance accepted, WaitLine waiting)
    {
        if (options.Explain)
            return new Explanation(engine, talk, accepted.Mono).Tell;
        return (exchange, step) =>
        {
            if (step == LineStep.Held && exchange.Last!.Failure == FailureClass.Proxy)
                TellOfProxy(engine, exchange);
            if (!terminal.IsTerminal)
                return;
            if (step == LineStep.Waits && Forecast.Of(engine, engine.UpstreamOf(exchange.Uri)) is { } held)
                waiting.Begin($"waiting for {held.Holding}", held.At);
            else if (step == LineStep.Retries)
                waiting.Begin($"{exchange.LastError}; trying again", exchange.NextAt);
            else if (step is LineStep.Permitted or LineStep.Sent)
                waiting.End();
        };
    }

    /// <summary>Whether anybody looks or not: dead proxies may take their time, and nobody is to take that for a hang.</summary>
    private void TellOfProxy(Engine engine, Exchange exchange)
    {
        var now = engine.Clock.Now;
        var back = engine.Dispatcher.Read(engine.UpstreamOf(exchange.Uri), static (_, api, now) => api.Proxies?.All.Select(way => way.BackAt(now)).DefaultIfEmpty(LimitState.Never).Min() ?? LimitState.Never);
        var next = back == LimitState.Never ? "no proxy is left" : back <= now ? "trying another one" : $"trying again in {Words.Time(back - now)}";
        Say($"headgate: try {exchange.Holds} through proxy {exchange.Last!.Permit.Proxy!.Name}: {exchange.LastError}; {next}");
    }

    private async ValueTask ReceiveAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        var api = _exchange!.Upstream!.Configuration;
        if (options.Json)
        {
            await using var stream = await answer.Content.ReadAsStreamAsync(cancellation);
            _whole = await new BodyReceiver(api.Policy.MaxBody, null).ReadAsync(stream, BodyLength.Announced(answer), "", cancellation);
        }
        else
        {
            await _body.ReceiveAsync(answer, cancellation);
            _whole = new ReceivedBody(_body.Kept, null, IsTooLarge: false);
        }
        if (api.Costs.Count > 0 && _exchange is { IsStored: false, Last: { } last })
            last.Actual = ActualCost.Read(_whole.Bytes, last.Permit.Cost, api.Costs);
    }

    private void Write(HttpResponseMessage? answer, ResultRecord record)
    {
        if (!options.Json)
        {
            if (answer is not null && options.Request.Method == "HEAD")
                _body.PourHead(answer);
            else if (answer is not null)
                _body.Pour();
            return;
        }
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, ResultRecordWriter.Options))
            ResultRecordWriter.Write(json, record);
        buffer.WriteByte((byte)'\n');
        AnswerBody.Write(output, buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }

    private void Say(string line)
    {
        _clear();
        // Where both are on one screen, and only there, the talk begins a line of its own.
        if (terminal.IsTerminal && !_body.EndsLine)
            talk.WriteLine();
        talk.WriteLine(line);
    }

    private static ExitCode CodeOf(ResultRecord record, Engine engine) =>
        record.Outcome.Ok ? ExitCode.Ok
        : engine.Upstreams.Any(api => api.Keys is { AllDead: true }) || record.Outcome.Class == FailureClass.Proxy ? ExitCode.NoKeys
        : ExitCode.SomeFailed;
}
