using Headgate.App.Commands;
using Headgate.App.Logging;
using Headgate.App.Runs;
using Headgate.Configuration;
using Headgate.Telemetry;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Headgate.App.Otlp;

/// <summary>Sends traces and metrics to a collector, by OTLP. Nothing is sent unless it is configured. Thread-safe.</summary>
/// <remarks>
/// Variables of OpenTelemetry hold where the configuration says nothing: OTEL_EXPORTER_OTLP_…, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES,
/// OTEL_TRACES_SAMPLER, OTEL_METRIC_EXPORT_INTERVAL, OTEL_BSP_…, OTEL_SDK_DISABLED.
/// </remarks>
internal sealed class OtlpExport : IDisposable
{
    /// <summary>What is left is sent when the service ends, but nobody waits longer for a collector.</summary>
    private const int PatienceMs = 2000;

    /// <summary>Ours, those of each send below them, and those of calls above them.</summary>
    private static readonly string[] Sources = [Instruments.Name, "System.Net.Http", "Microsoft.AspNetCore"];

    private static readonly string[] Meters = [Instruments.Name, "System.Net.Http", "System.Runtime", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel"];

    private static readonly string[] Endpoints = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"];

    private readonly ExportTrouble _trouble;
    private readonly TracerProvider _traces;
    private readonly MeterProvider _metrics;

    private OtlpExport(OtlpConfiguration options, string headers, ILogger log, TimeProvider time)
    {
        _trouble = new ExportTrouble(log, time);
        var resource = ResourceBuilder.CreateEmpty().AddService("headgate", serviceVersion: VersionCommand.Version).AddTelemetrySdk().AddEnvironmentVariableDetector();
        _traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource(Sources).AddOtlpExporter(exporter => Set(exporter, options, headers, "v1/traces")).Build();
        _metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(Meters).AddOtlpExporter(exporter => Set(exporter, options, headers, "v1/metrics")).Build();
    }

    /// <summary>Begins to export, before the ports listen; null if nobody says where to.</summary>
    /// <param name="settings">The configuration.</param>
    /// <param name="log">Told of a collector that takes nothing.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="CommandLine.CommandException">A header cannot be read.</exception>
    public static OtlpExport? Begin(EngineSettings settings, ILogger log, TimeProvider time)
    {
        var options = settings.Configuration.Otlp;
        var isOff = string.Equals(Environment.GetEnvironmentVariable("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase);
        var endpoint = options.Endpoint?.ToString() ?? Endpoints.Select(Environment.GetEnvironmentVariable).FirstOrDefault(given => given is { Length: > 0 });
        if (isOff || endpoint is null)
            return null;
        // Otherwise the spans of calls come without a word on what was called.
        AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);
        var export = new OtlpExport(options, OtlpHeaders.Read(options.Headers, settings.Directory), log, time);
        log.Exporting(Uri.TryCreate(endpoint, UriKind.Absolute, out var url) ? url.GetLeftPart(UriPartial.Authority) : endpoint);
        return export;
    }

    /// <summary>Sends what is left.</summary>
    public void Dispose()
    {
        Parallel.Invoke(() => _traces.Shutdown(PatienceMs), () => _metrics.Shutdown(PatienceMs));
        _traces.Dispose();
        _metrics.Dispose();
        _trouble.Dispose();
    }

    private static void Set(OtlpExporterOptions exporter, OtlpConfiguration options, string headers, string path)
    {
        if (options.IsGrpc is { } isGrpc)
            exporter.Protocol = isGrpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        else if (options.Endpoint is not null && Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_PROTOCOL") is not { Length: > 0 })
            exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
        if (options.Endpoint is { } endpoint)
            // Of an address that is given the exporter takes every word.
            exporter.Endpoint = exporter.Protocol == OtlpExportProtocol.Grpc ? endpoint : new Uri($"{endpoint.ToString().TrimEnd('/')}/{path}");
        if (headers.Length > 0)
            exporter.Headers = headers;
    }
}
