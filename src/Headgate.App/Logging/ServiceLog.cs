using System.Diagnostics;
using Headgate.Configuration;
using Headgate.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Headgate.App.Logging;

/// <summary>The log of a service: events of the engine, the jobs and the server become lines. Thread-safe.</summary>
/// <remarks>What ASP.NET says of single calls is left out at every level: it would write down queries, and they may hold secrets.</remarks>
internal sealed class ServiceLog : ILoggerProvider
{
    /// <summary>What the server says of a port without TLS; ours take HTTP/2 by its preface.</summary>
    private const string Untrue = "Http2DisabledWithHttp1AndNoTls";

    private readonly LogConfiguration _options;
    private readonly TimeProvider _time;
    private readonly LogFormat _format;
    private readonly bool _isJournal;
    private readonly LogWriter _writer;

    private ServiceLog(LogConfiguration options, TextWriter output, bool isTerminal, TimeProvider time)
    {
        (_options, _time) = (options, time);
        // systemd says so to whoever writes into its journal.
        _isJournal = !isTerminal && Environment.GetEnvironmentVariable("JOURNAL_STREAM") is { Length: > 0 } && options.Format != LogFormat.Json;
        _format = options.Format != LogFormat.Auto ? options.Format : isTerminal || _isJournal ? LogFormat.Text : LogFormat.Json;
        _writer = new LogWriter(output, Dropped);
    }

    /// <summary>Begins a log; whoever disposes it waits until it is written.</summary>
    /// <param name="options">What is logged.</param>
    /// <param name="output">Where to.</param>
    /// <param name="isTerminal">Whether somebody watches it.</param>
    /// <param name="time">The clock.</param>
    public static ILoggerFactory Begin(LogConfiguration options, TextWriter output, bool isTerminal, TimeProvider time)
    {
        var log = new ServiceLog(options, output, isTerminal, time);
        // What is logged is decided below, by one rule.
        return LoggerFactory.Create(builder => builder.SetMinimumLevel(LogLevel.Trace).Services.AddSingleton<ILoggerProvider>(_ => log));
    }

    /// <summary>Has a server log here, and nowhere else.</summary>
    public static void UseFor(WebApplicationBuilder builder, ILoggerFactory loggers)
    {
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(loggers);
    }

    public ILogger CreateLogger(string categoryName) => new CategoryLog(this, categoryName, LeastOf(categoryName));

    public void Dispose() => _writer.Dispose();

    private LogLevel LeastOf(string category) =>
        // For somebody who logs it, ASP.NET would make a span of each call; and that it does not start is told in a sentence.
        category is "Microsoft.AspNetCore.Hosting.Diagnostics" or "Microsoft.Extensions.Hosting.Internal.Host" ? LogLevel.None
        : category == LogMessages.Steps && _options.Steps ? LogLevel.Trace
        : category.StartsWith("Headgate", StringComparison.Ordinal) || _options.Level > LogLevel.Warning ? _options.Level
        : LogLevel.Warning;

    private string Dropped(long count) => Text(new LogLine
    {
        Time = _time.GetUtcNow(),
        Level = LogLevel.Warning,
        Category = "Headgate.Log",
        Event = new EventId(199, "LinesDropped"),
        Message = $"{count} lines were dropped, since nobody read them",
    });

    private string Text(in LogLine line) => _format == LogFormat.Json ? line.ToJson() : _isJournal ? line.ToJournal() : line.ToText();

    private sealed class CategoryLog(ServiceLog log, string category, LogLevel least) : ILogger
    {
        public bool IsEnabled(LogLevel logLevel) => logLevel >= least && logLevel != LogLevel.None;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel) || eventId.Name == Untrue)
                return;
            log._writer.Write(log.Text(new LogLine
            {
                Time = log._time.GetUtcNow(),
                Level = logLevel,
                Category = category,
                Event = eventId,
                Message = formatter(state, exception),
                Values = state as IReadOnlyList<KeyValuePair<string, object?>>,
                Exception = exception,
                Span = Activity.Current,
            }));
        }
    }
}
