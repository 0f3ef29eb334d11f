//go:build present && !kubernetes_1_34

package main

import (
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
	"k8s.io/kubernetes/pkg/kubelet/images/pullmanager"
	"k8s.io/kubernetes/pkg/kubelet/kubeletconfig/configfiles"
)

func load(loader configfiles.Loader) (*kubeletconfig.KubeletConfiguration, error) {
	return loader.Load()
}

func recordsAccessor(root string) (pullmanager.PullRecordsAccessor, error) {
	return pullmanager.NewFSPullRecordsAccessor(root)
}
