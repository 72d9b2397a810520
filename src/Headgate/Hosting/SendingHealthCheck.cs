using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Headgate.Hosting;

/// <summary>What the library says of its health, for the health checks of a host.</summary>
internal sealed class SendingHealthCheck(Sender sender) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var (status, reasons) = sender.AssessHealth();
        var told = reasons.Count == 0 ? null : string.Join("; ", reasons);
        return Task.FromResult(status switch
        {
            SendingHealth.Healthy => HealthCheckResult.Healthy(told),
            SendingHealth.Degraded => HealthCheckResult.Degraded(told),
            // Whoever registers the check says what the worst of it means.
            _ => new HealthCheckResult(context.Registration.FailureStatus, told),
        });
    }
}
