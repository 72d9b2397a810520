using System.Buffers;
using System.Text.Json;
using Headgate.App.Input;
using Headgate.App.Security;
using Headgate.Jobs;
using Headgate.Queues;
using Microsoft.AspNetCore.Http;

namespace Headgate.App.Service;

/// <summary>The lines of one import, a thousand at a time, and their verdicts. Not thread-safe.</summary>
/// <param name="context">The call.</param>
/// <param name="state">What accepts them.</param>
/// <param name="body">The lines.</param>
/// <param name="verdicts">Where the verdicts go.</param>
internal sealed class LineImport(HttpContext context, ServiceState state, Stream body, SpillBuffer verdicts) : IDisposable
{
    /// <summary>So many are kept together: each time that costs a wait for the disk.</summary>
    private const int MostTogether = 1000;

    /// <summary>And no more than so many bytes of lines.</summary>
    private const long LargestTogether = 4 << 20;

    private readonly RecordReader _lines = new(body, LineSource.MaxLine);
    private readonly LineParser _parser = new("", new JsonLinesFormat(new JobRequestReader(mayCall: true)), detectsDuplicates: false, keepsRaw: false);
    private readonly ArrayBufferWriter<byte> _written = new();
    private readonly List<InputLine> _together = [];
    private Task<bool> _next = Task.FromResult(false);
    private long _bytes;
    private long _accepted;
    private long _refused;

    /// <summary>Waits for the first lines, so that what is wrong with all of it is told by the status of the answer.</summary>
    /// <exception cref="Problem">Nothing is accepted.</exception>
    public async Task BeginAsync()
    {
        await SubmissionPages.SubmitAsync(context, state, []);
        try
        {
            _next = Task.FromResult(await _lines.MoveNextAsync(context.RequestAborted));
        }
        catch (InvalidDataException damaged)
        {
            throw new Problem(StatusCodes.Status400BadRequest, $"the body is damaged: {damaged.Message}");
        }
    }

    /// <summary>All of them. Whatever happens on the way is the last line of the answer.</summary>
    public async Task RunAsync()
    {
        try
        {
            while (await _next)
            {
                Take();
                _next = _lines.MoveNextAsync(context.RequestAborted).AsTask();
                // Whoever sends no more for now has a right to know what became of what he sent.
                if (!_next.IsCompleted || _together.Count == MostTogether || _bytes >= LargestTogether)
                    await KeepAsync();
            }
            await KeepAsync();
            Write(json =>
            {
                json.WriteString("status", "submitted");
                json.WriteNumber("count", _accepted);
                json.WriteNumber("refused", _refused);
                json.WriteString("timestamp", state.Timestamp);
            });
        }
        catch (Exception failure) when (!context.RequestAborted.IsCancellationRequested)
        {
            var problem = failure is InvalidDataException ? new Problem(StatusCodes.Status400BadRequest, $"the body is damaged: {failure.Message}") : Problem.Of(failure);
            Write(json =>
            {
                json.WriteNumber("status", problem.Status);
                json.WriteString("error", problem.Message);
                // From here on nothing was accepted.
                json.WriteNumber("line", _together.Count > 0 ? _together[0].Number : _lines.Line);
            });
        }
        verdicts.Add(_written.WrittenSpan);
    }

    public void Dispose() => _lines.Dispose();

    private void Take()
    {
        _bytes += _lines.Current.Length;
        if (_parser.Parse(_lines) is { } line)
            _together.Add(line);
    }

    /// <summary>Has the lines that are at hand accepted, and tells what became of them.</summary>
    private async Task KeepAsync()
    {
        var caller = Caller.Of(context);
        List<InputLine> good = [.. _together.Where(line => line.Request is { } request && caller.WhyForeign(request.Tenant) is null)];
        var accepted = good.Count == 0 ? [] : await SubmissionPages.SubmitAsync(context, state, [.. good.Select(line => line.Request!)], places: [.. good.Select(line => (int)line.Number)]);
        var next = 0;
        foreach (var line in _together)
            if (line.Error is { } error)
                TellRefused(line.Number, error.Column, error.Message);
            else if (next == good.Count || good[next] != line)
                TellRefused(line.Number, 1, caller.WhyForeign(line.Request!.Tenant)!);
            else
                Tell(line, accepted[next++]);
        _together.Clear();
        _bytes = 0;
        verdicts.Add(_written.WrittenSpan);
        _written.ResetWrittenCount();
    }

    private void Tell(InputLine line, JobVerdict verdict)
    {
        if (verdict.Id is not { } id)
        {
            TellRefused(line.Number, 1, verdict.Error!.Message);
            return;
        }
        _accepted++;
        Write(json =>
        {
            json.WriteNumber("line", line.Number);
            json.WriteString("request_id", id);
            if (line.Request!.Id is { } own)
                json.WriteString("id", own);
        });
    }

    private void TellRefused(long number, int column, string error)
    {
        _refused++;
        Write(json =>
        {
            json.WriteNumber("line", number);
            json.WriteNumber("column", column);
            json.WriteString("error", error);
        });
    }

    private void Write(Action<Utf8JsonWriter> members)
    {
        using (var json = new Utf8JsonWriter(_written, ResultRecordWriter.Options))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }
        _written.Write("\n"u8);
    }
}
